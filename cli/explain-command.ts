// `dovetail explain`: reads what `dovetail solve` reads, asks the service once, and says why pods have no place and why
// nodes are what they are. A client like any other: what it shows is what any caller of Explain gets.
import { create, toJson } from '@bufbuild/protobuf';
import { stringify as toYaml } from 'yaml';
import {
  ExplainRequestSchema,
  type ExplainResponse,
  ExplainResponseSchema,
  type PodExplanation,
} from '../proto/index.ts';
import { explainOnce, planOf, withOptions } from './ask-engine.ts';
import { type CommandConsole, painter, warn, writeAll } from './console.ts';
import { connectToEngine, type EngineOptions } from './engine-client.ts';
import { findPods, readNodeNumbers } from './explain-names.ts';
import { nodeDetails, nodeRows, plannedNodeText } from './explain-nodes-text.ts';
import { podsText } from './explain-pods-text.ts';
import { type ReadInput, readInput } from './manifest-input.ts';
import { EXIT, type ExitCode } from './outcome.ts';
import { totals, workloadText } from './plan-table.ts';
import {
  checkInputOptions,
  type EffortName,
  type InputOptions,
  type MinValuesPolicyName,
  type ObjectiveName,
  type OutputFormat,
} from './solve-options.ts';
import { paragraph } from './text-layout.ts';

/** The arguments as they were written. */
export interface ExplainOptions extends EngineOptions, InputOptions {
  /** Numbers of planned nodes, names of nodes that are there. */
  readonly node?: readonly string[];
  readonly output?: OutputFormat;
  readonly deadline?: number;
  readonly minValuesPolicy?: MinValuesPolicyName;
  readonly effort?: EffortName;
  readonly work?: number;
  readonly objective?: ObjectiveName;
  readonly nodeCharge?: number;
}

/** Runs the command; answers its exit code, or throws a CommandError. */
export async function runExplain(
  names: readonly string[],
  options: ExplainOptions,
  console: CommandConsole,
): Promise<ExitCode> {
  checkInputOptions(options);
  const nodes = readNodeNumbers(options.node ?? []);
  const input = await readInput(options, console);
  const pods = findPods(names, input);
  const request = create(ExplainRequestSchema, {
    solve: withOptions(input.request, options),
    scope: { pods, plannedNodes: nodes.planned.map((number) => number - 1), existingNodes: [...nodes.existing] },
  });
  const engine = await connectToEngine(options);
  try {
    const explain = (message: string): string => nodeError(message, nodes.planned) ?? input.explainField(message);
    const response = await explainOnce(engine, request, console, input.podCount, explain);
    for (const { field, message } of response.notices) warn(console, input.explainField(`${field}: ${message}`));
    await print(response, input, names.length === 0 && nodes.planned.length === 0, options, console);
    return someHaveNoPlace(response, names.length > 0) ? EXIT.someUnplaced : EXIT.ok;
  } finally {
    await engine.close();
  }
}

/** What the service says of a planned node that is not there, with people's numbers. */
function nodeError(message: string, planned: readonly number[]): string | undefined {
  const [, index, rest = ''] = /^scope\.planned_nodes\[(\d+)\]: (.*)$/.exec(message) ?? [];
  if (index !== undefined)
    return `--node ${planned[Number(index)]}: ${rest.replace(/, counted from 0.*$/, ', numbered from 1')}`;
  return /^scope\.existing_nodes\[\d+\]: /.test(message)
    ? message.replace(/^[^:]*: the request has/, '--node: the input has')
    : undefined;
}

/** Of pods that were named only those count; otherwise all. */
function someHaveNoPlace(response: ExplainResponse, named: boolean): boolean {
  const unplaced = planOf(response).unplaced;
  if (!named) return unplaced.length > 0;
  const left = new Set(unplaced.flatMap(({ pods }) => (pods?.names ?? []).map((name) => `${pods?.group} ${name}`)));
  return response.pods.some(({ pods }) =>
    pods.some(({ group, names }) => names.some((name) => left.has(`${group} ${name}`))),
  );
}

async function print(
  response: ExplainResponse,
  input: ReadInput,
  everything: boolean,
  { output = 'table' }: ExplainOptions,
  console: CommandConsole,
): Promise<void> {
  if (output !== 'table') {
    const json = toJson(ExplainResponseSchema, response);
    await writeAll(console.out, [
      output === 'json' ? `${JSON.stringify(json)}\n` : toYaml(json, { aliasDuplicateObjects: false }),
    ]);
    return;
  }
  const plan = planOf(response);
  const paint = painter(console.out);
  const { request, workloadByPod } = input;
  const nodes = { plan, nodes: response.nodes, nodesNotShown: response.nodesNotShown, paint };
  const pods = podsText({
    response,
    paint,
    describeNode: (index, count) => plannedNodeText(plan, index, count),
    describePods: ({ pods: placed }: PodExplanation) => workloadText(placed, request, workloadByPod),
  });
  const sections = [
    pods,
    everything ? nodeRows(nodes) : nodeDetails(nodes),
    paragraph(totals(plan), 0).map((line) => paint('bold', line)),
  ];
  const text = sections.filter((lines) => lines.length > 0).map((lines) => `${lines.join('\n')}\n`);
  await writeAll(console.out, [text.join('\n')]);
}
