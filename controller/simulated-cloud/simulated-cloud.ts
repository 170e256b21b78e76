// The Cloud port in memory: an account with instance types, a network and a stock, whose instances start, join the cluster
// as nodes and end, on whatever clock. The same seed and the same launches take the same course. What goes wrong is set
// from outside: shortages, faults of launches, interruptions.
import type {
  ApiObject,
  CatalogueIdentity,
  Clock,
  Cloud,
  Cluster,
  Instance,
  Interruption,
  LaunchRequest,
  LaunchResult,
  NodeClassResolution,
  OnSale,
} from '../ports/index.ts';
import { CloudError } from '../ports/index.ts';
import { type Chance, openChance } from '../random/index.ts';
import type { CloudControls } from './controls.ts';
import {
  type CloudFacts,
  type CloudTimes,
  EC2_TIMES,
  type LaunchFault,
  type OfferingMatch,
  type Span,
} from './facts.ts';
import { Journal, type JournalEntry, type NoteDetails } from './journal.ts';
import { type LaunchOutcome, launchMachine } from './launch.ts';
import { instanceOf, type Machine } from './machine.ts';
import { NewsQueue } from './news.ts';
import { resolveNodeClass } from './node-class.ts';
import { type NodeAgents, NodeLife } from './node-life.ts';
import { matches, Stock } from './stock.ts';

/** What a simulated cloud stands on. */
export interface SimulatedCloudOptions {
  readonly clock: Clock;
  readonly facts: CloudFacts;
  readonly seed?: number;
  /** Times that differ from those of EC2. */
  readonly times?: Partial<CloudTimes>;
  /** Where nodes join; without one they do not. */
  readonly cluster?: Cluster;
  /** Who runs the pods of the nodes that joined (Kubelets of the simulated cluster). */
  readonly agents?: NodeAgents;
  /** Gets every entry of the journal as it is made. */
  readonly onJournal?: (entry: JournalEntry) => void;
}

/** How often the controller asks for offerings. */
const OFFERINGS_REFRESH_MS = 5 * 60_000;

/** The simulated cloud. */
export class SimulatedCloud implements Cloud, CloudControls {
  readonly catalogue: CatalogueIdentity;
  readonly #clock: Clock;
  readonly #facts: CloudFacts;
  readonly #times: CloudTimes;
  readonly #chance: Chance;
  readonly #callChance: Chance;
  readonly #stock: Stock;
  readonly #news: NewsQueue;
  readonly #journal: Journal;
  readonly #nodes: NodeLife | undefined;
  readonly #machines = new Map<string, Machine>();
  readonly #launches = new Map<string, Promise<LaunchResult>>();
  readonly #faults: (LaunchFault & { left: number })[] = [];
  readonly #end = new AbortController();

  constructor(options: SimulatedCloudOptions) {
    this.#clock = options.clock;
    this.#facts = options.facts;
    this.catalogue = options.facts.catalogue;
    this.#times = { ...EC2_TIMES, ...options.times };
    this.#chance = openChance(options.seed ?? 1);
    this.#callChance = this.#chance.fork('calls');
    this.#stock = new Stock(options.facts);
    this.#news = new NewsQueue(options.clock);
    this.#journal = new Journal(options.clock, options.onJournal);
    this.#nodes =
      options.cluster === undefined
        ? undefined
        : new NodeLife({
            clock: options.clock,
            cluster: options.cluster,
            agents: options.agents,
            times: this.#times,
            region: this.catalogue.region,
            note: (what, machine) => this.#note(what, machine),
          });
  }

  /** What happened so far, oldest first. */
  get journal(): readonly JournalEntry[] {
    return this.#journal.entries;
  }

  /** Stops everything that instances are doing. */
  close(): void {
    this.#end.abort(new Error('the simulated cloud is closed'));
    for (const machine of this.#machines.values()) machine.end.abort(this.#end.signal.reason);
  }

  /** From now on only `left` more of the matching offerings can be had. */
  exhaust(match: OfferingMatch, left = 0): void {
    this.#journal.note('control.exhaust', { detail: { ...match, left } });
    this.#stock.exhaust(match, left);
  }

  /** Ends the shortages of exactly this match; without one, all. */
  restock(match?: OfferingMatch): void {
    this.#journal.note('control.restock', { detail: { ...match } });
    this.#stock.restock(match);
  }

  /** Lets launches go wrong. */
  addFault(fault: LaunchFault): void {
    this.#journal.note('control.fault', { detail: { ...fault } });
    this.#faults.push({ ...fault, left: fault.count ?? Number.POSITIVE_INFINITY });
  }

  /** Launches go well again. */
  clearFaults(): void {
    this.#journal.note('control.clear-faults');
    this.#faults.length = 0;
  }

  /** The owner of the capacity wants a spot instance back: a warning, and its end two minutes later. */
  interruptSpot(instanceId: string): void {
    const machine = this.#running(instanceId);
    this.#note('instance.interrupted', machine);
    this.#sendNews('spot_interrupted', machine);
    const { signal } = machine.end;
    this.#clock.sleep(this.#times.spotWarningMs, signal).then(
      () => this.#shutDown(machine),
      () => undefined,
    );
  }

  /** Other news about an instance, which says something and does nothing. */
  announce(kind: Exclude<Interruption['kind'], 'spot_interrupted'>, instanceId: string): void {
    this.#sendNews(kind, this.#running(instanceId));
  }

  /** An instance ends without the controller having asked for it. */
  kill(instanceId: string): void {
    this.#shutDown(this.#running(instanceId));
  }

  async launch(request: LaunchRequest, signal?: AbortSignal): Promise<LaunchResult> {
    signal?.throwIfAborted();
    const { launchId } = request;
    const known = this.#launches.get(launchId);
    this.#journal.note('call.launch', {
      launchId,
      nodeClaim: String(request.nodeClaim.metadata.name),
      detail: { isRepeated: known !== undefined, offeringCount: request.offerings.length },
    });
    const chance = this.#chance.fork(launchId);
    const callMs = chance.integer(...this.#times.launchMs);
    await this.#clock.sleep(callMs / 2, signal);
    const result = await (this.#launches.get(launchId) ?? this.#launchFirst(request, chance));
    await this.#clock.sleep(callMs / 2, signal);
    if (result.kind === 'launched' && this.#lostAnswers.delete(launchId)) {
      const message = `launch instance: no answer came (launchId=${launchId})`;
      this.#journal.note('launch.answer-lost', { launchId, instanceId: result.instance.id });
      throw new CloudError('RequestTimeout', message, { retryable: true });
    }
    // A launch that is asked for again answers how its instance is now.
    return result.kind === 'launched' ? { ...result, instance: this.#current(result.instance) } : result;
  }

  async terminate(instanceIds: readonly string[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    for (const instanceId of instanceIds) this.#journal.note('call.terminate', { instanceId });
    await this.#callTime(signal);
    for (const instanceId of instanceIds) {
      const machine = this.#machines.get(instanceId);
      if (machine !== undefined) this.#shutDown(machine);
    }
  }

  async get(instanceId: string, signal?: AbortSignal): Promise<Instance | undefined> {
    await this.#call('get', { instanceId }, signal);
    const machine = this.#machines.get(instanceId);
    return machine === undefined || !this.#isListed(machine) ? undefined : this.#instanceOf(machine);
  }

  async list(signal?: AbortSignal): Promise<readonly Instance[]> {
    await this.#call('list', {}, signal);
    return [...this.#machines.values()]
      .filter((machine) => this.#isListed(machine))
      .map((machine) => this.#instanceOf(machine));
  }

  async tag(instanceId: string, tags: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<void> {
    await this.#call('tag', { instanceId, detail: { tags } }, signal);
    const machine = this.#machines.get(instanceId);
    if (machine === undefined || machine.state === 'terminated') {
      const message = `tag instance: the instance ID '${instanceId}' does not exist`;
      throw new CloudError('InvalidInstanceID.NotFound', message, { retryable: false });
    }
    machine.tags = { ...machine.tags, ...tags };
  }

  async resolveNodeClass(nodeClass: ApiObject, signal?: AbortSignal): Promise<NodeClassResolution> {
    await this.#call('resolveNodeClass', { detail: { name: nodeClass.metadata.name } }, signal);
    const { network, clusterName } = this.#facts;
    return resolveNodeClass(network, clusterName, nodeClass, (subnetId) => this.#stock.freeAddresses(subnetId));
  }

  async forgetNodeClass(nodeClass: ApiObject, signal?: AbortSignal): Promise<void> {
    await this.#call('forgetNodeClass', { detail: { name: nodeClass.metadata.name } }, signal);
  }

  async onSale(signal?: AbortSignal): Promise<OnSale> {
    await this.#call('onSale', {}, signal);
    return { offerings: this.#stock.offerings(), instanceTypes: [], refreshMs: OFFERINGS_REFRESH_MS };
  }

  interruptions(signal: AbortSignal): AsyncIterable<Interruption> {
    return this.#news.follow(signal);
  }

  readonly #lostAnswers = new Set<string>();

  /** The first call with a launch id decides for all others; one that found nothing may find something later. */
  #launchFirst(request: LaunchRequest, chance: Chance): Promise<LaunchResult> {
    const launching = this.#launchNow(request, chance);
    this.#launches.set(request.launchId, launching);
    launching.then(
      ({ kind }) => {
        if (kind !== 'launched') this.#launches.delete(request.launchId);
      },
      () => this.#launches.delete(request.launchId),
    );
    return launching;
  }

  async #launchNow(request: LaunchRequest, chance: Chance): Promise<LaunchResult> {
    const { launchId } = request;
    const outcome = this.#tryLaunch(request, chance);
    if (outcome.kind !== 'launched') {
      this.#journal.note('launch.failed', { launchId, detail: { outcome: outcome.kind, message: outcome.message } });
      return outcome;
    }
    const { machine, exhausted, loseAnswer } = outcome;
    this.#machines.set(machine.id, machine);
    if (loseAnswer) this.#lostAnswers.add(launchId);
    this.#note('instance.launched', machine, {
      instanceType: machine.facts.instanceType,
      zone: machine.subnet.zone,
      capacityType: machine.capacityType,
    });
    this.#start(machine, chance);
    return { kind: 'launched', instance: this.#instanceOf(machine), exhausted };
  }

  #tryLaunch(request: LaunchRequest, chance: Chance): LaunchOutcome {
    try {
      return launchMachine({
        request,
        facts: this.#facts,
        stock: this.#stock,
        chance,
        clock: this.#clock,
        listLagMs: this.#draw(this.#times.listLagMs, chance),
        takeFault: (offering) => this.#takeFault(offering),
      });
    } catch (error) {
      if (error instanceof CloudError) {
        const detail = { outcome: 'error', code: error.code, message: error.message };
        this.#journal.note('launch.failed', { launchId: request.launchId, detail });
      }
      throw error;
    }
  }

  #takeFault(offering: Parameters<Stock['take']>[0]): LaunchFault | undefined {
    const fault = this.#faults.find(({ left, match }) => left > 0 && matches(offering, match));
    if (fault !== undefined) fault.left -= 1;
    return fault;
  }

  /** The instance runs, its node joins. */
  #start(machine: Machine, chance: Chance): void {
    const { signal } = machine.end;
    const runningMs = this.#draw(this.#times.runningMs, chance);
    const joinMs = this.#draw(this.#times.joinMs, chance);
    const life = async (): Promise<void> => {
      await this.#clock.sleep(runningMs, signal);
      machine.state = 'running';
      this.#note('instance.running', machine);
      if (!machine.joins || this.#nodes === undefined) return;
      await this.#clock.sleep(Math.max(0, joinMs - runningMs), signal);
      await this.#nodes.join(machine, chance);
    };
    life().catch((error) => {
      if (!signal.aborted) throw error;
    });
  }

  /** Begins the end of an instance; one that is ending already goes on. */
  #shutDown(machine: Machine): void {
    if (machine.state === 'shutting-down' || machine.state === 'terminated') return;
    machine.state = 'shutting-down';
    machine.end.abort(new Error('the instance is shutting down'));
    this.#note('instance.shutting-down', machine);
    this.#sendNews('instance_terminated', machine);
    const chance = this.#chance.fork(`end of ${machine.launchId}`);
    const { signal } = this.#end;
    const terminated = async (): Promise<void> => {
      await this.#clock.sleep(this.#draw(this.#times.shutdownMs, chance), signal);
      machine.state = 'terminated';
      this.#stock.giveBack(machine.subnet.id, machine.reservationId);
      this.#note('instance.terminated', machine);
    };
    const gone = async (): Promise<void> => {
      await Promise.all([terminated(), this.#nodes?.fallSilent(machine, chance.fork('silence'), signal)]);
      if (this.#nodes === undefined) return;
      await this.#clock.sleep(this.#draw(this.#times.removalMs, chance), signal);
      await this.#nodes.remove(machine, signal);
    };
    gone().catch((error) => {
      if (!signal.aborted) throw error;
    });
  }

  #running(instanceId: string): Machine {
    const machine = this.#machines.get(instanceId);
    if (machine === undefined || machine.state === 'terminated') {
      throw new Error(`find instance: there is none that has not ended (id=${instanceId})`);
    }
    return machine;
  }

  #sendNews(kind: Interruption['kind'], machine: Machine): void {
    this.#news.send({ kind, instanceId: machine.id, timeMs: this.#clock.nowMs() });
  }

  #isListed(machine: Machine): boolean {
    return machine.state !== 'terminated' && machine.listedFromMs <= this.#clock.monotonicMs();
  }

  #instanceOf(machine: Machine): Instance {
    return instanceOf(machine);
  }

  #current(instance: Instance): Instance {
    const machine = this.#machines.get(instance.id);
    return machine === undefined ? instance : this.#instanceOf(machine);
  }

  #draw([fromMs, toMs]: Span, chance: Chance): number {
    return chance.integer(fromMs, toMs);
  }

  /** Notes a call, which then takes its time. */
  async #call(what: string, about: NoteDetails, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    this.#journal.note(`call.${what}`, about);
    await this.#callTime(signal);
  }

  async #callTime(signal: AbortSignal | undefined): Promise<void> {
    await this.#clock.sleep(this.#draw(this.#times.callMs, this.#callChance), signal);
  }

  #note(what: string, machine: Machine, detail?: Readonly<Record<string, unknown>>): void {
    const { id: instanceId, launchId, nodeClaim } = machine;
    this.#journal.note(what, { instanceId, launchId, nodeClaim, ...(detail === undefined ? {} : { detail }) });
  }
}
