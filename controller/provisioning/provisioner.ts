// From pods that wait to NodeClaims: collects what asks for a plan, has one made of the cluster as it is known, and sees to it
// that the claims of the plan are created. Launches that are under way hold nothing up: what was planned before counts as
// capacity in flight. What goes where is the planning service's decision.
import { create } from '@bufbuild/protobuf';
import {
  MinValuesPolicy,
  ObjectiveSchema,
  type Plan,
  PreferencePolicy,
  type SessionPlanned,
  type SolveOptions,
  SolveOptionsSchema,
} from '../../proto/index.ts';
import type { ControllerContext } from '../context/index.ts';
import { catalogueOf, EngineError, launchOffering, type PlanSession } from '../engine-client/index.ts';
import { nodePoolSpec, rankedOfferings } from '../kubernetes/index.ts';
import { NODE_POOL_HASH_RULE, nodePoolHash } from '../node-pool/index.ts';
import { isDeleting, type NodeClaimView, nameOf } from '../objects/index.ts';
import type { LaunchOffering } from '../ports/index.ts';
import { isSynced, type PlanningState } from '../state/index.ts';
import { Batcher } from './batcher.ts';
import { ClaimCreator } from './claim-creator.ts';
import { claimOfPlannedNode, drawClaimName, type TemplatePool } from './claim-template.ts';
import { followLostSeats } from './lost-seats.ts';
import { recordPlanEvents } from './plan-events.ts';
import { notePlannedSeats } from './plan-seats.ts';
import { followTriggers } from './triggers.ts';

/** The longest that one plan may take; what is planned by then is used. */
const SOLVE_LIMIT_MS = 60_000;

/** Pods that still wait ask again after so long. */
const ASK_AGAIN_MS = 10_000;

/** How long after a failed plan the next one is made at first, and at most. */
const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 30_000;

/** While the caches fill. */
const SYNC_POLL_MS = 200;

/** A claim with what it will probably become. */
interface PlannedClaim {
  readonly claim: NodeClaimView;
  readonly offering: LaunchOffering;
}

/** The provisioner of one cluster. */
export class Provisioner {
  readonly #context: ControllerContext;
  readonly #session: Pick<PlanSession, 'plan' | 'close'>;
  readonly #onDeposed: (error: EngineError) => void;
  readonly #batcher: Batcher;
  readonly #creator: ClaimCreator;
  #isAskingAgain = false;

  /** `onDeposed` hears that another controller plans for the cluster: this one has to stop. */
  constructor(
    context: ControllerContext,
    session: Pick<PlanSession, 'plan' | 'close'>,
    onDeposed: (error: EngineError) => void,
  ) {
    const { batchIdleMs, batchMaxMs } = context.settings;
    this.#context = context;
    this.#session = session;
    this.#onDeposed = onDeposed;
    this.#batcher = new Batcher(context.clock, { idleMs: batchIdleMs, maxMs: batchMaxMs });
    this.#creator = new ClaimCreator(context, (claim, error) => {
      context.log.error({ NodeClaim: { name: nameOf(claim) }, error: messageOf(error) }, 'failed creating nodeclaim');
      this.#batcher.trigger(nameOf(claim));
    });
    followTriggers(context, (id) => this.#batcher.trigger(id));
    context.seats.onLost((pod) => this.#batcher.trigger(pod));
    followLostSeats(context);
  }

  /** Plans anew at once: what pods were waiting for will not come. */
  replan(): void {
    this.#batcher.triggerNow();
  }

  /** Plans and creates until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, random } = this.#context;
    let failures = 0;
    try {
      while (!signal.aborted) {
        await this.#batcher.wait(signal);
        try {
          await this.#planOnce(signal);
          failures = 0;
        } catch (error) {
          if (signal.aborted) return;
          if (error instanceof EngineError && error.code === 'deposed') {
            this.#onDeposed(error);
            return;
          }
          log.error({ error: messageOf(error) }, 'failed planning for pods');
          const pauseMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures, 20));
          failures += 1;
          await clock.sleep(pauseMs * (0.5 + random() / 2), signal);
          this.#batcher.triggerNow();
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await this.#creator.drained();
      this.#session.close();
    }
  }

  async #planOnce(signal: AbortSignal): Promise<void> {
    const { clock, stores } = this.#context;
    while (!isSynced(stores)) await clock.sleep(SYNC_POLL_MS, signal);
    await this.#expectUnknownClaims(signal);
    const options = this.#solveOptions();
    const asked = this.#session.plan(options, signal);
    this.#context.planWatch?.onPlanning(asked);
    const planned = await asked;
    const state = this.#context.planWatch?.feed.told;
    const plan = planned.solution?.plan;
    if (plan === undefined) throw new EngineError('unavailable', 'plan: the service answered without a plan');
    const claims = await this.#claimsOf(plan, signal);
    this.#show(planned, claims, state, options);
    this.#creator.create(
      claims.filter((claim) => claim !== undefined),
      signal,
    );
    this.#reportLeftOut();
    notePlannedSeats(this.#context, planned, claims);
    recordPlanEvents(this.#context, planned, claims);
    this.#logPlan(planned);
    this.#askAgain(plan, signal);
  }

  #show(
    planned: SessionPlanned,
    claims: readonly (NodeClaimView | undefined)[],
    state: PlanningState | undefined,
    options: SolveOptions,
  ): void {
    if (state === undefined) return;
    const catalogue = catalogueOf(this.#context.cloud);
    this.#context.planWatch?.onPlanned({ planned, claims, request: () => state(catalogue, options) });
  }

  #solveOptions(): SolveOptions {
    const { preferencePolicy, minValuesPolicy, nodeChargeUsdPerHour } = this.#context.settings;
    const charge = nodeChargeUsdPerHour === undefined ? undefined : nanoUsdOf(nodeChargeUsdPerHour);
    return create(SolveOptionsSchema, {
      timeLimitMs: SOLVE_LIMIT_MS,
      preferencePolicy: preferencePolicy === 'Ignore' ? PreferencePolicy.IGNORE : PreferencePolicy.RESPECT,
      minValuesPolicy: minValuesPolicy === 'BestEffort' ? MinValuesPolicy.BEST_EFFORT : MinValuesPolicy.STRICT,
      ...(charge === undefined ? {} : { objective: create(ObjectiveSchema, { nodeChargeNanoUsdPerHour: charge }) }),
    });
  }

  /** After a start there may be claims without an instance, of which only their requirements are known. */
  async #expectUnknownClaims(signal: AbortSignal): Promise<void> {
    const { feed, advisor, stores } = this.#context;
    for (const claim of feed.unknownClaims()) {
      if (isDeleting(claim)) continue;
      const object = stores.ec2NodeClasses.get({ name: claim.spec.nodeClassRef.name });
      const nodeClass = object === undefined ? undefined : feed.nodeClass(object);
      if (nodeClass === undefined) continue;
      const { offerings } = await advisor.rank(claim, nodeClass, signal);
      const [node] = await advisor.describe(offerings.slice(0, 1), nodeClass, signal);
      if (node !== undefined) feed.expect(nameOf(claim), node);
    }
  }

  /** The claims of the plan's nodes, in their order; undefined where a pool is gone by now. */
  async #claimsOf(plan: Plan, signal: AbortSignal): Promise<(NodeClaimView | undefined)[]> {
    const { random, stores } = this.#context;
    const pools = new Map<string, TemplatePool | undefined>();
    const taken = new Set<string>();
    const planned: (PlannedClaim | undefined)[] = plan.nodes.map((node) => {
      if (!pools.has(node.nodePool)) pools.set(node.nodePool, this.#poolOf(node.nodePool));
      const pool = pools.get(node.nodePool);
      const [best] = rankedOfferings(plan, node.offeringList);
      if (pool === undefined || best === undefined) return undefined;
      const name = drawClaimName(
        node.nodePool,
        random,
        (drawn) => taken.has(drawn) || stores.nodeClaims.get({ name: drawn }) !== undefined,
      );
      taken.add(name);
      return { claim: claimOfPlannedNode(plan, node, pool, name), offering: launchOffering(best) };
    });
    await this.#expect(
      planned.filter((one) => one !== undefined),
      signal,
    );
    return planned.map((one) => one?.claim);
  }

  #poolOf(name: string): TemplatePool | undefined {
    const pool = this.#context.stores.nodePools.get({ name });
    if (pool === undefined || isDeleting(pool)) return undefined;
    const spec = nodePoolSpec(pool);
    return { pool, spec, hash: nodePoolHash(spec), hashVersion: NODE_POOL_HASH_RULE };
  }

  /** Tells the session what the claims will become, so that the next plan counts them. */
  async #expect(planned: readonly PlannedClaim[], signal: AbortSignal): Promise<void> {
    const { advisor, feed, stores } = this.#context;
    const byClass = Map.groupBy(planned, ({ claim }) => claim.spec.nodeClassRef.name);
    for (const [className, claims] of byClass) {
      const object = stores.ec2NodeClasses.get({ name: className });
      const nodeClass = object === undefined ? undefined : feed.nodeClass(object);
      if (nodeClass === undefined) continue;
      const nodes = await advisor.describe(
        claims.map(({ offering }) => offering),
        nodeClass,
        signal,
      );
      for (const [index, { claim }] of claims.entries()) {
        const node = nodes[index];
        if (node !== undefined) feed.expect(nameOf(claim), node);
      }
    }
  }

  #reportLeftOut(): void {
    const { events, feed, log } = this.#context;
    for (const { pod, error } of feed.takeRefusedPods()) {
      const message = `Failed to schedule pod, ${error.path.join('.')}: ${error.message}`;
      log.warn({ error: error.message, path: error.path }, 'ignoring pod');
      events.record(pod as never, { type: 'Warning', reason: 'FailedScheduling', message, dedupeMs: 300_000 });
    }
  }

  #logPlan({ solution }: SessionPlanned): void {
    const { plan, stats } = solution ?? {};
    if (plan === undefined || plan.nodes.length === 0) return;
    const podCount = plan.nodes.reduce(
      (sum, { pods }) => sum + pods.reduce((all, { names }) => all + names.length, 0),
      0,
    );
    this.#context.log.info(
      {
        nodeclaims: plan.nodes.length,
        pods: podCount,
        usdPerHour: Number(plan.totalPriceNanoUsdPerHour) / NANO_PER_DOLLAR,
        hash: plan.hash,
        solveUs: Number(stats?.solveUs ?? 0n),
      },
      'computed new nodeclaim(s) to fit pod(s)',
    );
  }

  /** Pods that wait ask again after a while, as long as they wait: something may have come in between. */
  #askAgain(plan: Plan, signal: AbortSignal): void {
    const waits = plan.nodes.length > 0 || plan.existing.length > 0 || plan.unplaced.length > 0;
    if (!waits || this.#isAskingAgain) return;
    this.#isAskingAgain = true;
    this.#context.clock.sleep(ASK_AGAIN_MS, signal).then(
      () => {
        this.#isAskingAgain = false;
        this.#batcher.trigger('waiting pods');
      },
      () => undefined,
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const NANO_PER_DOLLAR = 1e9;

function nanoUsdOf(usd: number): bigint {
  return BigInt(Math.round(usd * NANO_PER_DOLLAR));
}
