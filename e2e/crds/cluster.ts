// An API server with one set of CRDs after the other, and what it says to the questions of the corpus.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ApiClient, ApiError, type ControlPlane, startControlPlane } from '../controlplane/index.ts';
import type { Base, Json, Question } from './corpus/index.ts';
import { LIMITS } from './limits.ts';

const run = promisify(execFile);

/** What the API server says: the object as it would be stored, or why not. */
export type Verdict =
  | { readonly accepted: true; readonly spec: unknown; readonly status: unknown }
  | { readonly accepted: false; readonly message: string };

interface Stored {
  readonly metadata: Json;
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** A control plane for one test file. */
export class CrdCluster {
  readonly #controlPlane: ControlPlane;
  readonly #client: ApiClient;
  /** Stored objects as they were read: questions change none. */
  readonly #read = new Map<string, Promise<Stored>>();

  private constructor(controlPlane: ControlPlane) {
    this.#controlPlane = controlPlane;
    this.#client = new ApiClient(controlPlane);
  }

  static async start(): Promise<CrdCluster> {
    return new CrdCluster(await startControlPlane());
  }

  async stop(): Promise<void> {
    this.#client.close();
    await this.#controlPlane.stop();
  }

  /** Runs kubectl; answers what it prints to both outputs. A failure throws with it. */
  async kubectl(...args: readonly string[]): Promise<string> {
    const program = join(this.#controlPlane.programDirectory, 'kubectl');
    const { stdout, stderr } = await run(program, [`--kubeconfig=${this.#controlPlane.kubeconfig}`, ...args], {
      timeout: LIMITS.kubectlMs,
    });
    return stdout + stderr;
  }

  /** Applies files of CRDs and waits until the probe is answered by them. */
  async applyCrds(files: readonly string[], probe: (verdict: Verdict) => boolean): Promise<void> {
    this.#read.clear();
    await this.kubectl('apply', ...files.flatMap((file) => ['-f', file]));
    const deadline = performance.now() + LIMITS.crdServedMs;
    for (;;) {
      const verdicts: boolean[] = [];
      for (const kind of ['NodePool', 'NodeClaim', 'EC2NodeClass'] as const) {
        const value = PROBES[kind];
        try {
          verdicts.push(probe(await this.ask({ kind, what: 'probe', how: 'create', base: '', value })));
        } catch (error) {
          // Before the CRD is there at all its path does not exist.
          if (!(error instanceof ApiError) || error.status !== 404) throw error;
          verdicts.push(false);
        }
      }
      if (!verdicts.includes(false)) return;
      if (performance.now() > deadline) throw new Error(`apply CRDs: not served after ${LIMITS.crdServedMs} ms`);
      await sleep(LIMITS.crdPollMs);
    }
  }

  /** Creates an object for good. */
  async store(base: Base): Promise<void> {
    await this.#client.create(pathOf(base.kind), objectOf(base.kind, { name: base.name }, { spec: base.spec }));
  }

  /** A stored object as the API server gives it. */
  stored(kind: Base['kind'], name: string): Promise<Stored> {
    return this.#client.get<Stored>(`${pathOf(kind)}/${name}`);
  }

  #readOnce(kind: Base['kind'], name: string): Promise<Stored> {
    const key = `${kind}/${name}`;
    const found = this.#read.get(key) ?? this.stored(kind, name);
    this.#read.set(key, found);
    return found;
  }

  /** Asks without changing anything. */
  async ask(question: Question): Promise<Verdict> {
    const { kind, how, base, value } = question;
    const path = pathOf(kind);
    try {
      let answer: Stored;
      if (how === 'create') {
        answer = await this.#client.create(`${path}?${DRY}`, objectOf(kind, { name: 'asked' }, { spec: value }));
      } else {
        const { metadata, spec } = await this.#readOnce(kind, base);
        const target = how === 'status' ? `${path}/${base}/status?${DRY}` : `${path}/${base}?${DRY}`;
        const content = how === 'status' ? { spec, status: value } : { spec: value };
        answer = await this.#client.replace(target, objectOf(kind, metadata, content));
      }
      return { accepted: true, spec: answer.spec, status: answer.status };
    } catch (error) {
      // 400 is an object that can't even be read, 422 one that is invalid.
      if (error instanceof ApiError && (error.status === 422 || error.status === 400)) {
        return { accepted: false, message: error.message };
      }
      throw error;
    }
  }

  /** Asks all questions, several at once; answers in their order. */
  async askAll(questions: readonly Question[]): Promise<Verdict[]> {
    const verdicts = new Array<Verdict>(questions.length);
    let next = 0;
    const work = async (): Promise<void> => {
      for (;;) {
        const index = next;
        next += 1;
        const question = questions[index];
        if (question === undefined) return;
        verdicts[index] = await this.ask(question);
      }
    };
    await Promise.all(Array.from({ length: LIMITS.questionsAtOnce }, work));
    return verdicts;
  }
}

const DRY = 'dryRun=All&fieldValidation=Ignore';

const PLACES: Readonly<Record<Base['kind'], readonly [apiVersion: string, plural: string]>> = {
  NodePool: ['karpenter.sh/v1', 'nodepools'],
  NodeClaim: ['karpenter.sh/v1', 'nodeclaims'],
  EC2NodeClass: ['karpenter.k8s.aws/v1', 'ec2nodeclasses'],
};

/** Refused by every set of CRDs, each in words of its own. */
const PROBES: Readonly<Record<Base['kind'], Json>> = {
  NodePool: { template: { spec: { nodeClassRef: { group: '', kind: 'k', name: 'n' }, requirements: [] } } },
  NodeClaim: { nodeClassRef: { group: '', kind: 'k', name: 'n' }, requirements: [] },
  EC2NodeClass: {
    role: '',
    amiSelectorTerms: [{ alias: 'al2023@latest' }],
    subnetSelectorTerms: [{ id: 'subnet-1' }],
    securityGroupSelectorTerms: [{ id: 'sg-1' }],
  },
};

/** What our CRDs say to the probes, as opposed to any others. */
export const OWN_WORDS = /must not be empty/;

function pathOf(kind: Base['kind']): string {
  const [apiVersion, plural] = PLACES[kind];
  return `/apis/${apiVersion}/${plural}`;
}

function objectOf(kind: Base['kind'], metadata: Json, content: Json): Json {
  return { apiVersion: PLACES[kind][0], kind, metadata, ...content };
}
