// The queue with news of instances: is it there under the name of the setting, may EventBridge write into it, and do all four
// rules.
import {
  DescribeRuleCommand,
  type DescribeRuleCommandOutput,
  ListRuleNamesByTargetCommand,
} from '@aws-sdk/client-eventbridge';
import { GetQueueAttributesCommand, GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { EVENT_RULES, type EventRule, eventPattern, queueArn, queuePolicy, ruleName } from '../../aws-iam/index.ts';
import { CloudError } from '../../ports/index.ts';
import { callAws, readPages } from '../calls.ts';
import { classOfError } from '../errors.ts';
import { shell } from './report.ts';
import type { Scene } from './scene.ts';

/** Says what keeps news from coming. */
export async function checkQueue(scene: Scene): Promise<void> {
  const { notes, settings } = scene;
  if (settings.interruptionQueue === '') {
    return notes.skipped('queue', 'no --interruption-queue (INTERRUPTION_QUEUE) is set: nobody hears of interruptions');
  }
  const url = await notes.look('queue', () => checkPresence(scene));
  if (url !== undefined) await notes.look('queue-policy', () => checkPolicy(scene, url));
  await notes.look('rules', () => checkRules(scene));
}

async function findQueue({ clients, signal }: Scene, QueueName: string): Promise<string | undefined> {
  const command = new GetQueueUrlCommand({ QueueName });
  try {
    return (await callAws('sqs:GetQueueUrl', (call) => clients.sqs.send(command, call), signal)).QueueUrl;
  } catch (error) {
    if (classOfError(error) === 'not-found') return undefined;
    throw error;
  }
}

/** The queue's address; undefined where there is none, which is noted. */
async function checkPresence(scene: Scene): Promise<string | undefined> {
  const { notes, names } = scene;
  const { queue, clusterName, region } = names;
  const url = await findQueue(scene, queue);
  if (url !== undefined) return url;
  const other = `${clusterName}-karpenter-interruption`;
  const isMisnamed = other !== queue && (await isThere(scene, other));
  const hint = isMisnamed
    ? ` There is ${other}, which nobody reads: set --interruption-queue (INTERRUPTION_QUEUE) to it, or make the one that is set.`
    : '';
  notes.found('queue', `There is no queue ${queue}, which --interruption-queue names.${hint}`, [
    shell('aws', 'sqs', 'create-queue', '--region', region, '--queue-name', queue),
    setPolicyCommand(scene),
  ]);
  return undefined;
}

/** A hint only: whoever may not know does without. */
async function isThere(scene: Scene, queue: string): Promise<boolean> {
  try {
    return (await findQueue(scene, queue)) !== undefined;
  } catch (error) {
    if (error instanceof CloudError) return false;
    throw error;
  }
}

async function checkPolicy(scene: Scene, QueueUrl: string): Promise<true> {
  const { clients, notes, names, signal } = scene;
  const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['Policy'] });
  const { Attributes } = await callAws('sqs:GetQueueAttributes', (call) => clients.sqs.send(command, call), signal);
  if (!letsEventBridgeWrite(Attributes?.Policy)) {
    const problem = `The queue ${names.queue} has no policy that lets EventBridge write into it: nothing ever comes.`;
    notes.found('queue-policy', problem, [setPolicyCommand(scene)]);
  }
  return true;
}

function setPolicyCommand({ names }: Scene): string {
  const attributes = JSON.stringify({ Policy: JSON.stringify(queuePolicy(names)) });
  const url = shell('aws', 'sqs', 'get-queue-url', '--region', names.region, '--queue-name', names.queue);
  const set = shell('aws', 'sqs', 'set-queue-attributes', '--region', names.region, '--attributes', attributes);
  return `${set} --queue-url "$(${url} --query QueueUrl --output text)"`;
}

interface QueueStatement {
  readonly Effect?: string;
  readonly Principal?:
    | string
    | { readonly Service?: string | readonly string[]; readonly AWS?: string | readonly string[] };
  readonly Action?: string | readonly string[];
}

/** Whether some statement of a queue's policy allows it. Conditions are taken to be meant well. Pure. */
export function letsEventBridgeWrite(policy: string | undefined): boolean {
  let statements: readonly QueueStatement[];
  try {
    const { Statement = [] } = JSON.parse(policy ?? '{}') as { readonly Statement?: QueueStatement | QueueStatement[] };
    statements = [Statement].flat();
  } catch {
    return false;
  }
  return statements.some(({ Effect, Principal = {}, Action = [] }) => {
    const who = typeof Principal === 'string' ? [Principal] : [Principal.Service ?? [], Principal.AWS ?? []].flat();
    const actions = [Action].flat().map((action) => action.toLowerCase());
    return (
      Effect === 'Allow' &&
      who.some((one) => one === '*' || one === 'events.amazonaws.com') &&
      actions.some((action) => ['*', 'sqs:*', 'sqs:send*', 'sqs:sendmessage'].includes(action))
    );
  });
}

async function checkRules(scene: Scene): Promise<true> {
  const { notes, names } = scene;
  const rules = await readRules(scene);
  const missing: EventRule[] = [];
  for (const rule of EVENT_RULES) {
    const matching = rules.filter(({ EventPattern = '' }) => isMatched(rule, EventPattern));
    if (matching.length === 0) missing.push(rule);
    else if (!matching.some(({ State }) => State?.startsWith('ENABLED'))) {
      const name = matching[0]?.Name ?? '';
      notes.found('rules', `The rule ${name} is disabled: nobody hears ${rule.what}.`, [
        shell('aws', 'events', 'enable-rule', '--region', names.region, '--name', name),
      ]);
    }
  }
  if (missing.length > 0) {
    const whole = EVENT_RULES.length - missing.length;
    const problem = `${whole} of ${EVENT_RULES.length} rules of EventBridge feed the queue ${names.queue}. Nobody hears ${listed(missing.map(({ what }) => what))}.`;
    notes.found(
      'rules',
      problem,
      missing.flatMap((rule) => ruleCommands(scene, rule)),
    );
  }
  return true;
}

function listed(texts: readonly string[]): string {
  return texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')}, and ${texts.at(-1)}`;
}

async function readRules({ clients, names, signal }: Scene): Promise<DescribeRuleCommandOutput[]> {
  const TargetArn = queueArn(names);
  const found = await readPages<string>(
    'events:ListRuleNamesByTarget',
    async (NextToken, call) => {
      const answer = await clients.events.send(new ListRuleNamesByTargetCommand({ TargetArn, NextToken }), call);
      return { items: answer.RuleNames, next: answer.NextToken };
    },
    signal,
  );
  const rules: DescribeRuleCommandOutput[] = [];
  for (const Name of found) {
    const command = new DescribeRuleCommand({ Name });
    rules.push(await callAws('events:DescribeRule', (call) => clients.events.send(command, call), signal));
  }
  return rules;
}

/** Whether a pattern lets events of a rule through. A pattern that narrows their details is taken to be meant. Pure. */
export function isMatched({ source, detailType }: EventRule, pattern: string): boolean {
  try {
    const { source: sources, 'detail-type': types } = JSON.parse(pattern) as Readonly<Record<string, unknown>>;
    const takes = (list: unknown, one: string): boolean =>
      list === undefined || (Array.isArray(list) && list.includes(one));
    return takes(sources, source) && takes(types, detailType);
  } catch {
    return false;
  }
}

function ruleCommands({ names }: Scene, rule: EventRule): readonly string[] {
  const name = ruleName(names.clusterName, rule);
  const pattern = JSON.stringify(eventPattern(rule));
  return [
    shell('aws', 'events', 'put-rule', '--region', names.region, '--name', name, '--event-pattern', pattern),
    shell(
      'aws',
      'events',
      'put-targets',
      '--region',
      names.region,
      '--rule',
      name,
      '--targets',
      `Id=1,Arn=${queueArn(names)}`,
    ),
  ];
}
