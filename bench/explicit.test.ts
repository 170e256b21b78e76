// Cases of the corpus as problem files have them: nothing that a generator makes is lost on the way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readProblem, readProblemCatalogue } from '../controller/kubernetes/index.ts';
import { findCase } from './corpus.ts';
import { explicitProblem } from './explicit.ts';

test('nodes that exist are written out with the pods that run on them', () => {
  const generated = findCase('existing-nodes').generate('smoke', 1);
  const problem = explicitProblem(generated);
  const { request } = readProblem(problem, readProblemCatalogue(problem));
  assert.deepEqual(
    request.nodes.map(({ name }) => name),
    generated.nodes.map(({ metadata }) => metadata.name),
  );
  const running = request.nodes.reduce(
    (sum, { pods }) => sum + pods.reduce((all, { names }) => all + names.length, 0),
    0,
  );
  assert.ok(running > 0 && running === generated.runningPods.length, `${running} of ${generated.runningPods.length}`);
  const cordoned = request.nodes.filter(({ taints }) => taints.some(({ effect }) => effect !== 0));
  assert.equal(cordoned.length, generated.nodes.filter(({ spec }) => spec.taints !== undefined).length);
});
