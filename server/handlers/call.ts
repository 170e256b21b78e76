// What every call goes through, whatever it is: the rules of the proto, the mapping of errors, the log. Transports see
// Connect's service interface only.
import type {
  DescMessage,
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import { pathToString } from '@bufbuild/protobuf/reflect';
import { createValidator, type Validator } from '@bufbuild/protovalidate';
import { Code, ConnectError, type HandlerContext, type MethodImpl } from '@connectrpc/connect';
import { callTimelineKey, createTimeline, type EndedCall } from '../call-context/index.ts';
import { invalidArgument, ServiceError, shorten, toConnectError } from '../errors.ts';
import { letOthersRun } from '../event-loop.ts';
import { LIMITS } from '../limits.ts';
import type { ServerLogger } from '../logger.ts';
import { createQuickRules } from './quick-rules.ts';

/** A call that has ended. */
export interface FinishedCall {
  /** Full name of the method (dovetail.v1.SchedulerService/Solve). */
  readonly method: string;
  /** By which protocol it came. */
  readonly protocol: string;
  /** Absent when it was answered. */
  readonly errorCode?: Code;
  readonly durationMs: number;
}

/** What wraps the calls of one server. */
export interface CallWrapper {
  /** The method with validation before and error mapping after it. */
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    run: (request: MessageShape<I>, context: HandlerContext) => Promise<MessageInitShape<O>> | MessageInitShape<O>,
  ): MethodImpl<DescMethodUnary<I, O>>;
  /** The same for a method that answers with a stream. */
  serverStreaming<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    run: (request: MessageShape<I>, context: HandlerContext) => AsyncIterable<MessageInitShape<O>>,
  ): MethodImpl<DescMethodServerStreaming<I, O>>;
  /** Error mapping for streams in both directions. Their messages are checked by `run`, which decides what becomes of a bad one. */
  bidiStreaming<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    run: (requests: AsyncIterable<MessageShape<I>>, context: HandlerContext) => AsyncIterable<MessageInitShape<O>>,
  ): MethodImpl<DescMethodBiDiStreaming<I, O>>;
  /** Holds a message against the rules of its proto. Throws INVALID_ARGUMENT with the fields at fault. */
  check<M extends DescMessage>(schema: M, message: MessageShape<M>): void;
  readonly logger: ServerLogger;
}

/**
 * Makes the wrapper of a server. `onCallFinished` hears of every call when its handler ends, `onCallEnded` when the
 * transport is done with it, with what it spent its time on.
 */
export function createCallWrapper(options: {
  readonly logger: ServerLogger;
  readonly onCallFinished?: (call: FinishedCall) => void;
  readonly onCallEnded?: (call: EndedCall) => void;
}): CallWrapper {
  const validator = createValidator();
  const { logger, onCallFinished, onCallEnded } = options;
  const isSurelyValid = createQuickRules();
  const check: CallWrapper['check'] = (schema, message) => {
    if (!isSurelyValid(schema, message)) validate(validator, schema, message);
  };

  /** Begins a call: `toWire` maps what was thrown, `finish` is to be called at its end. */
  const begin = (method: DescMethod, context: HandlerContext) => {
    const startMs = performance.now();
    const name = `${method.parent.typeName}/${method.name}`;
    let errorCode: Code | undefined;
    let timeline = context.values.get(callTimelineKey);
    if (timeline === undefined && onCallEnded !== undefined) {
      timeline = createTimeline(onCallEnded);
      context.values.set(callTimelineKey, timeline);
    }
    timeline?.handlerBegan(startMs);
    return {
      startMs,
      timeline,
      toWire: (error: unknown): ConnectError => {
        const wireError = error === context.signal.reason ? callEnded(error) : toConnectError(error);
        errorCode = wireError.code;
        if (errorCode === Code.Internal)
          logger.error({ err: wireError.cause ?? wireError, method: name }, 'call failed');
        return wireError;
      },
      finish: (): void => {
        const durationMs = performance.now() - startMs;
        logger.debug({ method: name, protocol: context.protocolName, errorCode, durationMs }, 'call');
        onCallFinished?.({
          method: name,
          protocol: context.protocolName,
          ...(errorCode === undefined ? {} : { errorCode }),
          durationMs,
        });
        timeline?.end({
          method: name,
          protocol: context.protocolName,
          code: errorCode === undefined ? 'ok' : codeName(errorCode),
          ...traceOf(context),
        });
      },
    };
  };

  return {
    check,
    logger,
    unary: (method, run) => async (request, context) => {
      const call = begin(method, context);
      try {
        check(method.input, request);
        call.timeline?.mark('check', call.startMs);
        await letOthersRun(call.startMs);
        return await run(request, context);
      } catch (error) {
        throw call.toWire(error);
      } finally {
        call.finish();
      }
    },
    serverStreaming: (method, run) =>
      async function* (request, context) {
        const call = begin(method, context);
        try {
          check(method.input, request);
          yield* run(request, context);
        } catch (error) {
          throw call.toWire(error);
        } finally {
          call.finish();
        }
      },
    bidiStreaming: (method, run) =>
      async function* (requests, context) {
        const call = begin(method, context);
        try {
          yield* run(requests, context);
        } catch (error) {
          throw call.toWire(error);
        } finally {
          call.finish();
        }
      },
  };
}

/** Checks a message against the rules of its proto. Throws INVALID_ARGUMENT that names the first fields at fault. */
function validate<M extends DescMessage>(validator: Validator, schema: M, message: MessageShape<M>): void {
  const result = validator.validate(schema, message);
  if (result.kind === 'valid') return;
  if (result.kind === 'error') throw result.error;
  const [first, ...others] = result.violations.slice(0, LIMITS.violationsPerErrorCount);
  const field = first === undefined ? '' : pathToString(first.field);
  const text = [first?.message ?? '', ...others.map((each) => `${pathToString(each.field)}: ${each.message}`)].join(
    '; ',
  );
  const surplus = result.violations.length - LIMITS.violationsPerErrorCount;
  const more = surplus > 0 ? `; and ${surplus} more` : '';
  throw invalidArgument(field, `${shorten(text, LIMITS.errorMessageLength / 2)}${more}`);
}

/** A code as gRPC writes it, in lower case: `invalid_argument`. */
function codeName(code: Code): string {
  return (Code[code] ?? 'unknown').replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
}

/** The caller's trace, where it has one. */
function traceOf({ requestHeader }: HandlerContext): Pick<EndedCall, 'traceParent' | 'traceState'> {
  const traceParent = requestHeader.get('traceparent');
  if (traceParent === null) return {};
  const traceState = requestHeader.get('tracestate');
  return { traceParent, ...(traceState === null ? {} : { traceState }) };
}

/** The caller's deadline passed, or it hung up. */
function callEnded(reason: unknown): ConnectError {
  if (reason instanceof ConnectError) return reason;
  return toConnectError(new ServiceError('cancelled', 'the caller ended the call', { cause: reason }));
}
