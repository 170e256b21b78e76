// CreateFleet as EC2 does it and moto does not: pools that have run out are refused one by one, the cheapest of the others
// are taken, a token means one request, and a template that was made a moment ago may not be known yet.
import { createHash, randomUUID } from 'node:crypto';
import type { Faults, PoolMatch } from './faults.ts';
import type { AwsRequest } from './request.ts';
import type { ReservedPlaces } from './reservations.ts';
import { ec2Error, escapeXml, inside } from './xml.ts';

/** An answer. */
export interface ProxyAnswer {
  readonly status: number;
  readonly body: string;
}

/** How the rest of the way is gone. */
export type Forward = (parameters: ReadonlyMap<string, string>) => Promise<ProxyAnswer>;

interface FleetPool {
  readonly config: string;
  readonly override: string;
  readonly instanceType: string;
  readonly zone: string;
  readonly subnetId: string;
  readonly template: string;
}

const OVERRIDE = /^LaunchTemplateConfigs\.(\d+)\.Overrides\.(\d+)\.InstanceType$/;

/** What is known of CreateFleet calls. */
export class FleetFaults {
  readonly #faults: Faults;
  readonly #priceOf: (instanceType: string) => number;
  readonly #reserved: ReservedPlaces;
  readonly #tokens = new Map<string, { readonly request: string; readonly answer: Promise<ProxyAnswer> }>();
  readonly #templatesMs = new Map<string, number>();

  /** @param priceOf orders pools: the cheapest is taken first */
  constructor(faults: Faults, priceOf: (instanceType: string) => number, reserved: ReservedPlaces) {
    this.#faults = faults;
    this.#reserved = reserved;
    this.#priceOf = priceOf;
  }

  /** A template was made. */
  noteTemplate(name: string): void {
    this.#templatesMs.set(name, performance.now());
  }

  async create({ parameters }: AwsRequest, forward: Forward): Promise<ProxyAnswer> {
    if (parameters.get('DryRun') === 'true') return forward(parameters);
    const token = parameters.get('ClientToken') ?? '';
    if (token.length > 64) return refusal('InvalidParameterValue', 'The client token has more than 64 characters');
    if (!this.#faults.honoursTokens || token === '') return this.#create(parameters, forward);
    const request = createHash('sha256')
      .update(JSON.stringify([...parameters].sort()))
      .digest('hex');
    const known = this.#tokens.get(token);
    if (known === undefined) {
      const answer = this.#create(parameters, forward);
      this.#tokens.set(token, { request, answer });
      const given = await answer;
      // A request that was refused has used up no token.
      if (given.status !== 200) this.#tokens.delete(token);
      return given;
    }
    return known.request === request
      ? known.answer
      : refusal('IdempotentParameterMismatch', 'The client token was used with other parameters');
  }

  async #create(parameters: ReadonlyMap<string, string>, forward: Forward): Promise<ProxyAnswer> {
    const pools = poolsOf(parameters);
    const hidden = pools.find(
      ({ template }) =>
        performance.now() - (this.#templatesMs.get(template) ?? Number.NEGATIVE_INFINITY) <
        this.#faults.hideTemplatesMs,
    );
    if (hidden !== undefined) {
      const message = `The specified launch template, with template name ${hidden.template}, does not exist.`;
      return refusal('InvalidLaunchTemplateName.NotFoundException', message);
    }
    const capacityType = capacityTypeOf(parameters);
    const wanted = Number(parameters.get('TargetCapacitySpecification.TotalTargetCapacity') ?? '1');
    let rest = wanted;
    const launched: string[] = [];
    const refused: string[] = [];
    for (const pool of pools.toSorted((a, b) => this.#priceOf(a.instanceType) - this.#priceOf(b.instanceType))) {
      const of = { instanceType: pool.instanceType, zone: pool.zone, capacityType };
      const { left, code } = this.#room(pool, of);
      if (left < rest) refused.push(errorItem(pool, of, code));
      const count = Math.min(rest, Math.max(0, left));
      if (count <= 0) continue;
      const answer = await forward(onlyPool(parameters, pool, count));
      if (answer.status !== 200) return answer;
      this.#faults.use(of, count);
      const reservation = this.#reserved.ofTemplate(pool.template);
      for (const [id] of answer.body.matchAll(/\bi-[0-9a-f]{8,17}\b/g)) {
        if (reservation !== undefined) this.#reserved.noteLaunched(id, reservation);
      }
      launched.push(inside(answer.body, 'fleetInstanceSet') ?? '');
      rest -= count;
    }
    const body =
      `<CreateFleetResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>${randomUUID()}</requestId>` +
      `<fleetId>fleet-${randomUUID()}</fleetId><errorSet>${refused.join('')}</errorSet>` +
      `<fleetInstanceSet>${launched.join('')}</fleetInstanceSet></CreateFleetResponse>`;
    return { status: 200, body };
  }

  /** How many of a pool can be had: no more than its reservation has places. */
  #room(pool: FleetPool, of: Required<PoolMatch>): ReturnType<Faults['room']> {
    const room = this.#faults.room(of);
    const reservation = this.#reserved.ofTemplate(pool.template);
    if (reservation === undefined) return room;
    const left = this.#reserved.freeCount(reservation);
    return left < room.left ? { left, code: 'ReservationCapacityExceeded' } : room;
  }
}

function refusal(code: string, message: string): ProxyAnswer {
  return { status: 400, body: ec2Error(code, message) };
}

function capacityTypeOf(parameters: ReadonlyMap<string, string>): Required<PoolMatch>['capacityType'] {
  const type = parameters.get('TargetCapacitySpecification.DefaultTargetCapacityType');
  return type === 'spot' ? 'spot' : 'on-demand';
}

function poolsOf(parameters: ReadonlyMap<string, string>): FleetPool[] {
  return [...parameters].flatMap(([key, instanceType]) => {
    const [, config, override] = OVERRIDE.exec(key) ?? [];
    if (config === undefined || override === undefined) return [];
    const prefix = `LaunchTemplateConfigs.${config}.`;
    const at = `${prefix}Overrides.${override}.`;
    return [
      {
        config,
        override,
        instanceType,
        zone: parameters.get(`${at}AvailabilityZone`) ?? '',
        subnetId: parameters.get(`${at}SubnetId`) ?? '',
        template: parameters.get(`${prefix}LaunchTemplateSpecification.LaunchTemplateName`) ?? '',
      },
    ];
  });
}

/** The request for some of one pool: moto takes the first that it finds. */
function onlyPool(
  parameters: ReadonlyMap<string, string>,
  { config, override }: FleetPool,
  count: number,
): ReadonlyMap<string, string> {
  const kept = new Map<string, string>();
  for (const [key, value] of parameters) {
    const [, ownConfig, rest = ''] = /^LaunchTemplateConfigs\.(\d+)\.(.*)$/.exec(key) ?? [];
    if (ownConfig === undefined) kept.set(key, value);
    else if (ownConfig === config) {
      const [, ownOverride, field = ''] = /^Overrides\.(\d+)\.(.*)$/.exec(rest) ?? [];
      if (ownOverride === undefined) kept.set(`LaunchTemplateConfigs.1.${rest}`, value);
      else if (ownOverride === override) kept.set(`LaunchTemplateConfigs.1.Overrides.1.${field}`, value);
    }
  }
  kept.set('TargetCapacitySpecification.TotalTargetCapacity', String(count));
  return kept;
}

function errorItem(pool: FleetPool, of: Required<PoolMatch>, code: string): string {
  const message = `There is no ${of.capacityType} capacity of ${pool.instanceType} in ${pool.zone}.`;
  return (
    '<item><launchTemplateAndOverrides><launchTemplateSpecification>' +
    `<launchTemplateName>${escapeXml(pool.template)}</launchTemplateName></launchTemplateSpecification><overrides>` +
    `<instanceType>${pool.instanceType}</instanceType><subnetId>${pool.subnetId}</subnetId>` +
    `<availabilityZone>${pool.zone}</availabilityZone></overrides></launchTemplateAndOverrides>` +
    `<lifecycle>${of.capacityType}</lifecycle><errorCode>${code}</errorCode>` +
    `<errorMessage>${escapeXml(message)}</errorMessage></item>`
  );
}
