// What every call goes through, whatever it is: the rules of the proto, the mapping of errors, the log. Transports see
// Connect's service interface only.
import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { pathToString } from '@bufbuild/protobuf/reflect';
import { createValidator, type Validator } from '@bufbuild/protovalidate';
import { Code, ConnectError, type HandlerContext, type MethodImpl } from '@connectrpc/connect';
import { invalidArgument, ServiceError, shorten, toConnectError } from '../errors.ts';
import { letOthersRun } from '../event-loop.ts';
import { LIMITS } from '../limits.ts';
import type { ServerLogger } from '../logger.ts';

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

/** A unary handler as Connect has it. */
type UnaryHandler<I extends DescMessage, O extends DescMessage> = MethodImpl<DescMethodUnary<I, O>>;

/** What wraps the calls of one server. */
export interface CallWrapper {
  /** The method with validation before and error mapping after it. */
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    run: (request: MessageShape<I>, context: HandlerContext) => Promise<MessageInitShape<O>> | MessageInitShape<O>,
  ): UnaryHandler<I, O>;
}

/** Makes the wrapper of a server. `onCallFinished` hears of every call. */
export function createCallWrapper(options: {
  readonly logger: ServerLogger;
  readonly onCallFinished?: (call: FinishedCall) => void;
}): CallWrapper {
  const validator = createValidator();
  const { logger, onCallFinished } = options;
  return {
    unary: <I extends DescMessage, O extends DescMessage>(
      method: DescMethodUnary<I, O>,
      run: (request: MessageShape<I>, context: HandlerContext) => Promise<MessageInitShape<O>> | MessageInitShape<O>,
    ): UnaryHandler<I, O> => {
      const name = `${method.parent.typeName}/${method.name}`;
      return async (request: MessageShape<I>, context: HandlerContext) => {
        const startMs = performance.now();
        let errorCode: Code | undefined;
        try {
          validate(validator, method.input, request);
          await letOthersRun(startMs);
          return await run(request, context);
        } catch (error) {
          const wireError = error === context.signal.reason ? callEnded(error) : toConnectError(error);
          errorCode = wireError.code;
          if (errorCode === Code.Internal)
            logger.error({ err: wireError.cause ?? wireError, method: name }, 'call failed');
          throw wireError;
        } finally {
          const durationMs = performance.now() - startMs;
          logger.debug({ method: name, protocol: context.protocolName, errorCode, durationMs }, 'call');
          onCallFinished?.({
            method: name,
            protocol: context.protocolName,
            ...(errorCode === undefined ? {} : { errorCode }),
            durationMs,
          });
        }
      };
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

/** The caller's deadline passed, or it hung up. */
function callEnded(reason: unknown): ConnectError {
  if (reason instanceof ConnectError) return reason;
  return toConnectError(new ServiceError('cancelled', 'the caller ended the call', { cause: reason }));
}
