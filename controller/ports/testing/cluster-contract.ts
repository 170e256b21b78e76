// What every Cluster answers, as a kube-apiserver alone answers it: no controllers run behind it (nobody computes the status
// of a PodDisruptionBudget or collects garbage), and the CRDs of deploy/crds are installed. A real adapter and the
// simulated cluster pass the same cases. Validation, admission and permissions are not part of it.
import { describe } from 'node:test';
import { ContractRun } from './contract-run.ts';
import { deletionCases } from './deletion-cases.ts';
import { evictionCases } from './eviction-cases.ts';
import { listCases } from './list-cases.ts';
import { patchCases } from './patch-cases.ts';
import { watchCases } from './watch-cases.ts';
import { writeCases } from './write-cases.ts';

export type { ClusterUnderTest } from './contract-run.ts';

/** Declares the tests. `open` is called once, before the first of them; cases keep to names of their own. */
export function testClusterContract(what: string, open: ConstructorParameters<typeof ContractRun>[0]): void {
  describe(`${what} as a Cluster`, () => {
    const run = new ContractRun(open);
    writeCases(run);
    patchCases(run);
    listCases(run);
    watchCases(run);
    deletionCases(run);
    evictionCases(run);
  });
}
