// What the cases of the Cloud contract share: the cloud, NodeClaims that nobody else uses, launches, and a listener for news.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ApiObject,
  type Cloud,
  CloudError,
  type Instance,
  type Interruption,
  type LaunchOffering,
  type LaunchRequest,
  type LaunchResult,
  type NodeType,
} from '../index.ts';

/** A cloud that is held to the contract, and the handles that its cases need. */
export interface CloudUnderTest {
  readonly cloud: Cloud;
  /** The spec of an EC2NodeClass that finds what it needs in the account. */
  readonly nodeClassSpec: Readonly<Record<string, unknown>>;
  /** Offerings that can be had now, no two of one instance type; at least three, the first and third of one capacity type. */
  readonly offerings: readonly LaunchOffering[];
  /** What nodes of their types are, by instance type. */
  readonly nodeTypes: Readonly<Record<string, NodeType>>;
  /** From now on none of an offering can be had. */
  exhaust(offering: LaunchOffering): Promise<void>;
  /** It can be had again. */
  restock(offering: LaunchOffering): Promise<void>;
  /** Ends an instance behind the back of who launched it. */
  kill(instanceId: string): Promise<void>;
  close(): Promise<void>;
}

/** One case hangs rather than fails when something never happens: this ends it. */
const CASE_TIMEOUT_MS = 60_000;
const WAIT_MS = 50_000;
const POLL_MS = 5;

/** The tag by which instances of a launch are found in lists. */
const CASE_TAG = 'contract/claim';

/** One run of the contract. */
export class CloudRun {
  #opened: CloudUnderTest | undefined;
  #resolved: Promise<ApiObject> | undefined;
  readonly #listeners: Listening[] = [];
  #nameCount = 0;

  constructor(open: () => Promise<CloudUnderTest>) {
    before(async () => {
      this.#opened = await open();
    });
    after(async () => {
      for (const listener of this.#listeners) listener.close();
      await this.#opened?.close();
    });
  }

  /** Declares one case. */
  case(sentence: string, run: (cloud: Cloud) => Promise<void>): void {
    test(sentence, { timeout: CASE_TIMEOUT_MS }, () => run(this.handles.cloud));
  }

  get handles(): CloudUnderTest {
    if (this.#opened === undefined) throw new Error('contract: the cloud is not open yet');
    return this.#opened;
  }

  /** An offering that can be had. */
  offering(index: number): LaunchOffering {
    const offering = this.handles.offerings[index];
    if (offering === undefined) throw new Error(`contract: there is no offering ${index}`);
    return offering;
  }

  nodeClass(spec: Readonly<Record<string, unknown>> = this.handles.nodeClassSpec, name = 'contract'): ApiObject {
    return { apiVersion: 'karpenter.k8s.aws/v1', kind: 'EC2NodeClass', metadata: { name, uid: `uid-${name}` }, spec };
  }

  /** A node class with the status that the cloud gives it. */
  resolvedNodeClass(): Promise<ApiObject> {
    this.#resolved ??= this.handles.cloud
      .resolveNodeClass(this.nodeClass())
      .then(({ status }) => ({ ...this.nodeClass(), status }));
    return this.#resolved;
  }

  /** A launch that no other case makes. */
  async request(offerings: readonly LaunchOffering[], more: Partial<LaunchRequest> = {}): Promise<LaunchRequest> {
    this.#nameCount += 1;
    const name = `contract-${this.#nameCount}`;
    return {
      nodeClaim: {
        apiVersion: 'karpenter.sh/v1',
        kind: 'NodeClaim',
        metadata: { name, uid: `uid-${name}`, labels: { 'karpenter.sh/nodepool': 'contract' } },
        spec: {
          nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'contract' },
          requirements: [],
        },
      },
      nodeClass: await this.resolvedNodeClass(),
      offerings,
      nodeTypes: this.handles.nodeTypes,
      launchId: `launch-${name}`,
      tags: { [CASE_TAG]: name },
      ...more,
    };
  }

  /** Launches the first offering that can be had. */
  async launchOne(): Promise<{ readonly request: LaunchRequest; readonly instance: Instance }> {
    const request = await this.request([this.offering(0)]);
    return { request, instance: launched(await this.handles.cloud.launch(request)) };
  }

  /** The instances that lists show of a launch. */
  async listed({ tags }: LaunchRequest): Promise<readonly Instance[]> {
    const instances = await this.handles.cloud.list();
    return instances.filter((instance) => instance.tags[CASE_TAG] === tags[CASE_TAG]);
  }

  /** Asks until the answer is yes. It gives up before the case does, so that no question outlives its case. */
  async eventually(question: () => Promise<boolean> | boolean): Promise<void> {
    const deadlineMs = performance.now() + WAIT_MS;
    while (!(await question())) {
      assert.ok(performance.now() < deadlineMs, `not so after ${WAIT_MS} ms: ${question}`);
      await sleep(POLL_MS);
    }
  }

  listen(): Listening {
    const listener = new Listening(this.handles.cloud);
    this.#listeners.push(listener);
    return listener;
  }
}

/** The news of a cloud, as they came; nothing is acknowledged unless a case does it. */
export class Listening {
  readonly news: Interruption[] = [];
  readonly #abort = new AbortController();
  /** Rejects with what the iteration rejects with. */
  readonly ended: Promise<void>;

  constructor(cloud: Cloud) {
    this.ended = this.#read(cloud);
    // Whoever awaits it hears of a failure; nobody has to.
    this.ended.catch(() => {});
  }

  async #read(cloud: Cloud): Promise<void> {
    for await (const news of cloud.interruptions(this.#abort.signal)) this.news.push(news);
  }

  about(instanceId: string): readonly Interruption[] {
    return this.news.filter((entry) => entry.instanceId === instanceId);
  }

  close(reason: unknown = new Error('the case is over')): void {
    this.#abort.abort(reason);
  }
}

/** The instance of a launch that went well; narrows. */
export function launched(result: LaunchResult): Instance {
  if (result.kind === 'launched') return result.instance;
  throw new assert.AssertionError({ message: `nothing was launched: ${result.kind}: ${result.message}` });
}

/** Asserts that the call rejects with a CloudError of this code; answers it. */
export async function rejectsWithCode(code: string, call: () => Promise<unknown>): Promise<CloudError> {
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof CloudError, `not a CloudError: ${error}`);
    assert.equal(error.code, code, error.message);
    return error;
  }
  throw new assert.AssertionError({ message: `the call succeeded, ${code} was expected` });
}

/** Asserts that the call rejects with the reason of its signal, aborted before it and while it is under way. */
export async function endsWithSignal(call: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const reason = new Error('enough');
  await assert.rejects(call(AbortSignal.abort(reason)), (error) => error === reason);
  const abort = new AbortController();
  const calling = call(abort.signal);
  abort.abort(reason);
  await assert.rejects(calling, (error) => error === reason);
}
