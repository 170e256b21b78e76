// News of instances from an SQS queue that EventBridge feeds: read one after the other, taken off the queue once they have
// been acted on. Messages that say nothing about instances are taken off at once.
import { DeleteMessageCommand, GetQueueUrlCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { Clock, Interruption } from '../ports/index.ts';
import { callAws } from './calls.ts';
import type { AwsClients } from './clients.ts';
import { LIMITS } from './limits.ts';
import type { AwsLog } from './settings.ts';

/** What the queue is read with. */
export interface InterruptionOptions {
  readonly clients: Pick<AwsClients, 'sqs'>;
  readonly queueName: string;
  /** Seconds until a message that was not taken off comes again. */
  readonly visibilitySeconds: number;
  readonly clock: Clock;
  readonly log: AwsLog;
}

/** What a message says: about which instances, and when. */
export interface MessageNews {
  readonly kind: Interruption['kind'];
  readonly instanceIds: readonly string[];
  readonly timeMs: number;
}

/** The news until the signal aborts; an error of AWS ends it. Without a queue there is none. */
export async function* readInterruptions(
  options: InterruptionOptions,
  signal: AbortSignal,
): AsyncGenerator<Interruption, void, undefined> {
  const { clients, queueName, visibilitySeconds, clock } = options;
  signal.throwIfAborted();
  if (queueName === '') await new Promise((_, reject) => onAbort(signal, reject));
  const url = await queueUrl(options, signal);
  for (;;) {
    const command = new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: LIMITS.queueMessages,
      WaitTimeSeconds: LIMITS.queueWaitSeconds,
      VisibilityTimeout: visibilitySeconds,
    });
    const { Messages = [] } = await callAws('sqs:ReceiveMessage', (call) => clients.sqs.send(command, call), signal);
    for (const message of Messages) yield* newsOf(options, url, message, clock.nowMs());
  }
}

function onAbort(signal: AbortSignal, reject: (reason: unknown) => void): void {
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
}

async function queueUrl({ clients, queueName }: InterruptionOptions, signal: AbortSignal): Promise<string> {
  const command = new GetQueueUrlCommand({ QueueName: queueName });
  try {
    const { QueueUrl = '' } = await callAws('sqs:GetQueueUrl', (call) => clients.sqs.send(command, call), signal);
    return QueueUrl;
  } catch (error) {
    signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    const advice = 'make it, or set the interruption queue to the one that is there; dovetail doctor has the command';
    throw new Error(`read interruptions: queue ${queueName} can't be opened (${reason}): ${advice}`, { cause: error });
  }
}

async function* newsOf(
  options: InterruptionOptions,
  url: string,
  message: Message,
  nowMs: number,
): AsyncGenerator<Interruption, void, undefined> {
  const takeOff = async (): Promise<void> => {
    const command = new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message.ReceiptHandle });
    await callAws('sqs:DeleteMessage', (call) => options.clients.sqs.send(command, call));
  };
  const news = readMessage(message.Body ?? '', nowMs);
  if (news === undefined || news.instanceIds.length === 0) {
    if (news === undefined) options.log.warn({ messageId: message.MessageId }, 'dropped a message that is no event');
    await takeOff();
    return;
  }
  const open = new Set(news.instanceIds);
  for (const instanceId of news.instanceIds) {
    yield {
      kind: news.kind,
      instanceId,
      timeMs: news.timeMs,
      acknowledge: async () => {
        open.delete(instanceId);
        if (open.size === 0) await takeOff();
      },
    };
  }
}

interface Event {
  readonly source?: unknown;
  readonly 'detail-type'?: unknown;
  readonly time?: unknown;
  readonly detail?: {
    readonly 'instance-id'?: unknown;
    readonly state?: unknown;
    readonly service?: unknown;
    readonly eventTypeCategory?: unknown;
    readonly affectedEntities?: readonly { readonly entityValue?: unknown }[];
  };
}

/** States of which there is news, and what it is. */
const STATES: Readonly<Record<string, Interruption['kind']>> = {
  stopping: 'instance_stopped',
  stopped: 'instance_stopped',
  'shutting-down': 'instance_terminated',
  terminated: 'instance_terminated',
};

/** What an event of EventBridge says; about no instance where it is of another kind; undefined where it is no event. Pure. */
export function readMessage(body: string, nowMs: number): MessageNews | undefined {
  let event: Event;
  try {
    event = JSON.parse(body) as Event;
  } catch {
    return undefined;
  }
  if (typeof event !== 'object' || event === null || typeof event.source !== 'string') return undefined;
  const { detail = {} } = event;
  const timeMs = Date.parse(String(event.time));
  const about = (kind: Interruption['kind'], instanceIds: readonly unknown[]): MessageNews => ({
    kind,
    instanceIds: instanceIds.filter((id): id is string => typeof id === 'string' && id.startsWith('i-')),
    timeMs: Number.isNaN(timeMs) ? nowMs : timeMs,
  });
  switch (`${event.source}: ${event['detail-type']}`) {
    case 'aws.ec2: EC2 Spot Instance Interruption Warning':
      return about('spot_interrupted', [detail['instance-id']]);
    case 'aws.ec2: EC2 Instance Rebalance Recommendation':
      return about('rebalance_recommendation', [detail['instance-id']]);
    case 'aws.ec2: EC2 Instance State-change Notification': {
      const kind = STATES[String(detail.state).toLowerCase()];
      return kind === undefined ? about('instance_stopped', []) : about(kind, [detail['instance-id']]);
    }
    case 'aws.health: AWS Health Event': {
      const isPlanned = detail.service === 'EC2' && detail.eventTypeCategory === 'scheduledChange';
      const entities = isPlanned ? (detail.affectedEntities ?? []) : [];
      return about(
        'scheduled_change',
        entities.map(({ entityValue }) => entityValue),
      );
    }
    default:
      return about('scheduled_change', []);
  }
}
