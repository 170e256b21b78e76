// From a record to who has which instance: the call, again where nobody knows what it did, and the words of EC2 about it.
// The table of what an error means for a launch is here.
import { CreateFleetCommand } from '@aws-sdk/client-ec2';
import { type Clock, CloudError } from '../../ports/index.ts';
import { callAws } from '../calls.ts';
import type { AwsClients } from '../clients.ts';
import { classOf, classOfError, codedError } from '../errors.ts';
import type { Instances } from '../instances.ts';
import { LIMITS } from '../limits.ts';
import type { AwsLog } from '../settings.ts';
import {
  type FleetAnswer,
  type FleetInstance,
  type FleetRefusal,
  NO_SPOT_ROLE,
  readFleetAnswer,
  refusalText,
} from './fleet.ts';
import type { LaunchRecord, LaunchRecords } from './records.ts';
import type { TemplateContent } from './template.ts';
import type { Templates } from './templates.ts';

/** What came of a call. */
export interface Settlement {
  /** By launch id; those that are missing were refused. */
  readonly instances: Readonly<Record<string, FleetInstance>>;
  readonly refusals: readonly FleetRefusal[];
}

/** What calls are made with. */
export interface SenderOptions {
  readonly clients: Pick<AwsClients, 'ec2Once'>;
  readonly clock: Clock;
  readonly log: AwsLog;
  readonly records: LaunchRecords;
  readonly templates: Templates;
  readonly instances: Instances;
}

/** Around one call. */
export interface SendContext {
  /** Nobody has sent the request before. */
  readonly isNew: boolean;
  /** Those that can be made again if they are gone. */
  readonly templates: readonly TemplateContent[];
}

/** How far one record has come. */
interface Progress {
  /** True once the request may have done something that nobody was told of. */
  isUnclear: boolean;
  unclearTries: number;
  throttledTries: number;
  hasRemadeTemplates: boolean;
}

/** Makes calls. */
export class FleetSender {
  readonly #options: SenderOptions;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Sends until it is known who has which instance, and writes that down. Rejects where it is to be tried again later. */
  async settle(record: LaunchRecord, context: SendContext): Promise<Settlement> {
    const progress: Progress = {
      isUnclear: !context.isNew,
      unclearTries: 0,
      throttledTries: 0,
      hasRemadeTemplates: false,
    };
    for (;;) {
      if (progress.isUnclear) {
        const found = await this.#found(record);
        if (found.length >= record.launches.length) return this.#assign(record, { instances: found, refusals: [] });
      }
      try {
        const answer = await this.#send(record);
        if (!progress.isUnclear) return await this.#assign(record, answer);
        return await this.#assign(record, {
          ...answer,
          instances: [...answer.instances, ...(await this.#found(record))],
        });
      } catch (error) {
        const settled = await this.#afterError(record, context, progress, error);
        if (settled !== undefined) return settled;
      }
    }
  }

  async #send(record: LaunchRecord): Promise<FleetAnswer> {
    const { ec2Once } = this.#options.clients;
    const command = new CreateFleetCommand(record.request);
    return readFleetAnswer(await callAws('ec2:CreateFleet', (call) => ec2Once.send(command, call)));
  }

  /** Instances that carry the record's tag, by id. */
  async #found(record: LaunchRecord): Promise<readonly FleetInstance[]> {
    const found = await this.#options.instances.ofLaunch(record.id);
    return found.map(({ id, instanceType, zone, imageId }) => ({ id, instanceType, zone, imageId }));
  }

  /** What an error of the call means. Answers undefined where the call is to be made again at once; throws the error where later. */
  async #afterError(
    record: LaunchRecord,
    context: SendContext,
    progress: Progress,
    error: unknown,
  ): Promise<Settlement | undefined> {
    if (!(error instanceof CloudError)) throw error;
    switch (classOfError(error)) {
      case 'throttled':
        // It did nothing.
        progress.throttledTries += 1;
        if (progress.throttledTries >= LIMITS.throttledTries) throw error;
        await this.#pause(progress.throttledTries);
        return undefined;
      case 'unclear':
        progress.isUnclear = true;
        progress.unclearTries += 1;
        if (progress.unclearTries >= LIMITS.unclearTries) throw error;
        this.#options.log.warn(
          { error: error.message, launch: record.id },
          'a launch was not answered: looking for it',
        );
        await this.#pause(progress.unclearTries);
        return undefined;
      case 'not-found':
        if (await this.#remakeTemplates(record, context, progress)) return undefined;
        return this.#refused(record, progress, error);
      default:
        return this.#refused(record, progress, error);
    }
  }

  /** Templates are named by their content: what is made again is what the request means. */
  async #remakeTemplates(record: LaunchRecord, { templates }: SendContext, progress: Progress): Promise<boolean> {
    if (progress.hasRemadeTemplates) return false;
    const wanted = (record.request.LaunchTemplateConfigs ?? []).map(
      (config) => config.LaunchTemplateSpecification?.LaunchTemplateName ?? '',
    );
    const contents = templates.filter(({ name }) => wanted.includes(name));
    if (contents.length < wanted.length) return false;
    progress.hasRemadeTemplates = true;
    this.#options.templates.forget(wanted);
    await this.#options.templates.ensure(contents);
    return true;
  }

  /**
   * A refusal. It is the last word only where the request did nothing before: otherwise instances of it may still come to
   * light, and are looked for until the time is up. A new token is never tried before that.
   */
  async #refused(record: LaunchRecord, progress: Progress, error: CloudError): Promise<Settlement> {
    const { clock, records } = this.#options;
    if (progress.isUnclear) {
      const found = await this.#found(record);
      const isTimeUp = clock.nowMs() - record.createdMs >= LIMITS.unclearMs;
      if (found.length >= record.launches.length || (isTimeUp && found.length > 0)) {
        return this.#assign(record, { instances: found, refusals: [] });
      }
      if (!isTimeUp) {
        const message = `ec2:CreateFleet: what an earlier try did is not clear yet, and it is looked for: ${error.message}`;
        throw new CloudError('LaunchUnclear', message, { retryable: true, cause: error });
      }
    }
    await records.remove(record);
    if (classOfError(error) !== 'capacity') throw error;
    // Of the call as a whole (too many fleets): no pool is named, and all are meant.
    const refusals = poolsOf(record).map((pool) => ({ ...pool, code: error.code, message: error.message }));
    return { instances: {}, refusals };
  }

  /** Gives instances to launches, both in their order, and writes it down. What is left over is nobody's. */
  async #assign(record: LaunchRecord, { instances, refusals }: FleetAnswer): Promise<Settlement> {
    const { records } = this.#options;
    const byId = new Map(instances.map((instance) => [instance.id, instance]));
    const ordered = [...byId.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const given: Record<string, FleetInstance> = {};
    for (const [index, { launchId }] of record.launches.entries()) {
      const instance = ordered[index];
      if (instance !== undefined) given[launchId] = instance;
    }
    if (ordered.length > 0) {
      // A launch that got nothing is not in the record any more: it may be tried again, as a new one.
      const launches = record.launches.filter(({ launchId }) => given[launchId] !== undefined);
      await records.settle({ ...record, launches, instances: given });
      return { instances: given, refusals };
    }
    await records.remove(record);
    throwUnlessShort(refusals);
    return { instances: given, refusals };
  }

  async #pause(tries: number): Promise<void> {
    const ms = Math.min(LIMITS.longestPauseMs, LIMITS.pauseMs * 2 ** (tries - 1));
    await this.#options.clock.sleep(ms);
  }
}

/** Refusals that no other offering would mend are an error of their own: rights, a wrong image, a wrong subnet. */
function throwUnlessShort(refusals: readonly FleetRefusal[]): void {
  const [first] = refusals;
  const isShort = ({ code, message }: FleetRefusal): boolean =>
    classOf(code, message) === 'capacity' || code === NO_SPOT_ROLE;
  if (first === undefined || refusals.some(isShort)) return;
  throw codedError('ec2:CreateFleet', first.code, refusalText(refusals));
}

function poolsOf({ request }: LaunchRecord): readonly Pick<FleetRefusal, 'instanceType' | 'zone' | 'subnetId'>[] {
  return (request.LaunchTemplateConfigs ?? []).flatMap(({ Overrides = [] }) =>
    Overrides.map(({ InstanceType, AvailabilityZone, SubnetId }) => ({
      instanceType: InstanceType ?? '',
      zone: AvailabilityZone ?? '',
      subnetId: SubnetId ?? '',
    })),
  );
}
