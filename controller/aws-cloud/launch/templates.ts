// Launch templates in EC2: made when a launch needs one that is not there, removed when none has needed it for a while.
import {
  CreateLaunchTemplateCommand,
  DeleteLaunchTemplateCommand,
  DescribeLaunchTemplatesCommand,
  type LaunchTemplate,
} from '@aws-sdk/client-ec2';
import type { Clock } from '../../ports/index.ts';
import { callAws, readPages } from '../calls.ts';
import type { AwsClients } from '../clients.ts';
import { classOfError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { CLUSTER_NAME_TAG, isForeign, NODE_CLASS_TAG, tagFilters, tagList, tagsOf } from '../tags.ts';
import type { TemplateContent } from './template.ts';

const PAGE_SIZE = 200;

/** What templates are made with. */
export interface TemplatesOptions {
  readonly clients: Pick<AwsClients, 'ec2'>;
  readonly clusterName: string;
  readonly clock: Clock;
}

/** The templates. */
export class Templates {
  readonly #options: TemplatesOptions;
  /** When each was last used, on the monotonic clock. */
  readonly #usedMs = new Map<string, number>();
  readonly #making = new Map<string, Promise<void>>();
  #hasListed = false;

  constructor(options: TemplatesOptions) {
    this.#options = options;
  }

  /** Makes those that are not known to be there. */
  async ensure(contents: readonly TemplateContent[]): Promise<void> {
    await Promise.all(contents.map((content) => this.#ensureOne(content)));
  }

  /** EC2 does not have them, whatever was known. */
  forget(names: Iterable<string>): void {
    for (const name of names) this.#usedMs.delete(name);
  }

  /** Removes those that no launch has used for a while, but for some that may be needed yet. Answers their number. */
  async sweep(keep: ReadonlySet<string>, clusterUid: string): Promise<number> {
    const nowMs = this.#options.clock.monotonicMs();
    if (!this.#hasListed) {
      // Those of whoever led before; they are given the same time.
      for (const { LaunchTemplateName: name = '', Tags } of await this.#list({})) {
        if (!isForeign(tagsOf(Tags), clusterUid) && !this.#usedMs.has(name)) this.#usedMs.set(name, nowMs);
      }
      this.#hasListed = true;
    }
    let count = 0;
    for (const [name, usedMs] of this.#usedMs) {
      if (keep.has(name) || nowMs - usedMs < LIMITS.templateIdleMs) continue;
      this.#usedMs.delete(name);
      await this.#delete(name);
      count += 1;
    }
    return count;
  }

  /** Removes those of a node class. */
  async removeOf(nodeClassName: string, clusterUid: string, signal?: AbortSignal): Promise<void> {
    for (const { LaunchTemplateName: name = '', Tags } of await this.#list(
      { [NODE_CLASS_TAG]: nodeClassName },
      signal,
    )) {
      if (isForeign(tagsOf(Tags), clusterUid)) continue;
      this.#usedMs.delete(name);
      await this.#delete(name, signal);
    }
  }

  async #ensureOne(content: TemplateContent): Promise<void> {
    const { name } = content;
    const making = this.#making.get(name);
    if (making !== undefined) return making;
    if (this.#usedMs.has(name)) {
      this.#usedMs.set(name, this.#options.clock.monotonicMs());
      return;
    }
    const made = this.#make(content).finally(() => this.#making.delete(name));
    this.#making.set(name, made);
    await made;
  }

  async #make({ name, data, tags }: TemplateContent): Promise<void> {
    const { clients, clock } = this.#options;
    const command = new CreateLaunchTemplateCommand({
      LaunchTemplateName: name,
      LaunchTemplateData: data,
      TagSpecifications: [{ ResourceType: 'launch-template', Tags: tagList(tags) }],
    });
    try {
      await callAws('ec2:CreateLaunchTemplate', (call) => clients.ec2.send(command, call));
    } catch (error) {
      // Its name says what is in it: it is the same.
      if (classOfError(error) !== 'already-exists') throw error;
    }
    this.#usedMs.set(name, clock.monotonicMs());
  }

  async #delete(name: string, signal?: AbortSignal): Promise<void> {
    const { ec2 } = this.#options.clients;
    const command = new DeleteLaunchTemplateCommand({ LaunchTemplateName: name });
    try {
      await callAws('ec2:DeleteLaunchTemplate', (call) => ec2.send(command, call), signal);
    } catch (error) {
      if (classOfError(error) !== 'not-found') throw error;
    }
  }

  #list(tags: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<LaunchTemplate[]> {
    const { clients, clusterName } = this.#options;
    const Filters = tagFilters({ [CLUSTER_NAME_TAG]: clusterName, ...tags });
    return readPages<LaunchTemplate>(
      'ec2:DescribeLaunchTemplates',
      async (NextToken, call) => {
        const input = { Filters, MaxResults: PAGE_SIZE, NextToken };
        const answer = await clients.ec2.send(new DescribeLaunchTemplatesCommand(input), call);
        return { items: answer.LaunchTemplates, next: answer.NextToken };
      },
      signal,
    );
  }
}
