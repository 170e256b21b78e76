// Plans a case the way `dovetail solve -f` does: objects to a request, the service's checks, a worker, a plan. Without
// sockets, so that hundreds of cases take seconds.
import { create } from '@bufbuild/protobuf';
import { ConnectError } from '@connectrpc/connect';
import { buildSolveInput, formatFinding, readProblemCatalogue } from '../../controller/kubernetes/index.ts';
import {
  MinValuesPolicy,
  type Plan,
  PreferencePolicy,
  SolveOptionsSchema,
  type SolveRequest,
} from '../../proto/index.ts';
import type { LocalSolver } from '../../server/index.ts';
import type { GoldenCase } from './case.ts';

/** What became of a case: a plan for a request, or the words with which the input was refused. */
export type Outcome =
  | { readonly kind: 'planned'; readonly request: SolveRequest; readonly plan: Plan; readonly warnings: string[] }
  | { readonly kind: 'refused'; readonly messages: string[] };

/** A node class of a case has no subnets on purpose: the warning about it would be in every golden. */
const ABOUT_SUBNETS = /its subnets are not looked up here/;

/** Plans a case. */
export async function planCase(solver: LocalSolver, golden: GoldenCase): Promise<Outcome> {
  const { manifests, instanceTypes, preferencePolicy, minValuesPolicy } = golden;
  if (manifests.errors.length > 0) return { kind: 'refused', messages: manifests.errors.map(({ message }) => message) };
  const catalogue = readProblemCatalogue({ instanceTypes });
  const input = buildSolveInput(
    manifests.objects.map(({ object }) => object),
    { catalogue },
  );
  if (input.errors.length > 0) return { kind: 'refused', messages: input.errors.map(formatFinding) };
  const { request } = input;
  request.options = create(SolveOptionsSchema, {
    ...(preferencePolicy === 'Ignore' ? { preferencePolicy: PreferencePolicy.IGNORE } : {}),
    ...(minValuesPolicy === 'BestEffort' ? { minValuesPolicy: MinValuesPolicy.BEST_EFFORT } : {}),
  });
  try {
    const response = await solver.solve(request);
    if (response.plan === undefined) throw new Error(`${golden.file}: the solver answered without a plan`);
    const warnings = [
      ...manifests.warnings.map(({ message }) => message),
      ...input.warnings.map(formatFinding).filter((warning) => !ABOUT_SUBNETS.test(warning)),
      ...response.notices.map(({ field, message }) => `${field}: ${message}`),
    ];
    return { kind: 'planned', request, plan: response.plan, warnings };
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return { kind: 'refused', messages: [error.rawMessage] };
  }
}
