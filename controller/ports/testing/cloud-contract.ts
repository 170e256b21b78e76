// What every Cloud answers, held against the simulated one in memory and over its socket, and meant for EC2: nothing here
// knows how long things take, or in which order equal offerings are tried.
import { describe } from 'node:test';
import { cloudClassCases } from './cloud-class-cases.ts';
import { cloudInstanceCases } from './cloud-instance-cases.ts';
import { cloudLaunchCases } from './cloud-launch-cases.ts';
import { cloudNewsCases } from './cloud-news-cases.ts';
import { CloudRun } from './cloud-run.ts';

export type { CloudUnderTest } from './cloud-run.ts';

/** Declares the tests. `open` is called once, before the first of them; what they launch is left to `close`. */
export function testCloudContract(what: string, open: ConstructorParameters<typeof CloudRun>[0]): void {
  describe(`${what} as a Cloud`, () => {
    const run = new CloudRun(open);
    cloudLaunchCases(run);
    cloudInstanceCases(run);
    cloudClassCases(run);
    cloudNewsCases(run);
  });
}
