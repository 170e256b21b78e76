// Images that a node class selects: of each kind (architecture, accelerators) the newest one that its owner has not
// withdrawn, by alias, tags, id, name and owner, or SSM parameter.
import { DescribeImagesCommand, type Filter, type Image } from '@aws-sdk/client-ec2';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import type { Clock } from '../../ports/index.ts';
import type { EffectiveNodeClassSpec } from '../../resources/index.ts';
import { callAws, readPages } from '../calls.ts';
import type { AwsClients } from '../clients.ts';
import { classOfError } from '../errors.ts';
import { Kept } from '../kept.ts';
import { LIMITS } from '../limits.ts';
import type { FoundImage, ImageRequirement } from '../status.ts';
import { tagFilters } from '../tags.ts';
import { aliasObstacle, publishedImages } from './image-paths.ts';
import { notReady, type Part, ready } from './selected.ts';

interface Query {
  readonly filters: readonly Filter[];
  readonly owners?: readonly string[];
  /** What is known of images by their id; others are for their architecture, whatever else. */
  readonly known?: ReadonlyMap<string, readonly (readonly ImageRequirement[])[]>;
}

interface Candidate extends FoundImage {
  readonly createdMs: number;
}

const TYPE = 'AMIsReady';
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: 'amd64', arm64: 'arm64' };
const PAGE_SIZE = 1_000;
const KEPT_PARAMETERS = 512;

type Terms = EffectiveNodeClassSpec['amiSelectorTerms'];

/** Looks images up. */
export class ImageFinder {
  readonly #clients: Pick<AwsClients, 'ec2' | 'ssm'>;
  readonly #clock: Clock;
  readonly #parameters: Kept<string | undefined>;

  constructor(clients: Pick<AwsClients, 'ec2' | 'ssm'>, clock: Clock) {
    this.#clients = clients;
    this.#clock = clock;
    this.#parameters = new Kept(clock, KEPT_PARAMETERS);
  }

  /** The images of some terms. `kubernetesVersion` (1.33) is asked for by aliases only. */
  async find(terms: Terms, kubernetesVersion: string | undefined): Promise<Part<readonly FoundImage[]>> {
    const alias = terms.find((term) => term.alias !== undefined)?.alias;
    if (alias !== undefined) {
      const [family = '', version = ''] = alias.split('@');
      if (kubernetesVersion === undefined) {
        const message = 'The version of Kubernetes is not known, and images of an alias are published by version';
        return notReady(TYPE, [], 'KubernetesVersionUnknown', message);
      }
      const obstacle = aliasObstacle(family, kubernetesVersion);
      if (obstacle !== undefined) return notReady(TYPE, [], 'UnsupportedAlias', obstacle);
      const query = await this.#aliasQuery(family, version, kubernetesVersion);
      return imagesPart(query === undefined ? [] : await this.#newest([query]), `alias ${alias}`);
    }
    return imagesPart(await this.#newest(await this.#queries(terms)));
  }

  async #aliasQuery(family: string, version: string, kubernetes: string): Promise<Query | undefined> {
    const known = new Map<string, readonly (readonly ImageRequirement[])[]>();
    for (const { path, requirements } of publishedImages(family, version, kubernetes)) {
      const id = await this.#parameter(path, version === 'latest');
      if (id !== undefined) known.set(id, [...(known.get(id) ?? []), ...requirements]);
    }
    return known.size === 0 ? undefined : { filters: [{ Name: 'image-id', Values: [...known.keys()] }], known };
  }

  async #queries(terms: Terms): Promise<Query[]> {
    const ids: string[] = [];
    const queries: Query[] = [];
    for (const { id, ssmParameter, name, owner, tags = {} } of terms) {
      if (id !== undefined) ids.push(id);
      else if (ssmParameter !== undefined) {
        const value = await this.#parameter(ssmParameter, true);
        if (value?.startsWith('ami-') === true) ids.push(value);
      } else {
        const owners = owner === undefined ? (name === undefined ? undefined : ['self', 'amazon']) : [owner];
        queries.push({
          filters: [...(name === undefined ? [] : [{ Name: 'name', Values: [name] }]), ...tagFilters(tags)],
          ...(owners === undefined ? {} : { owners }),
        });
      }
    }
    if (ids.length > 0) queries.push({ filters: [{ Name: 'image-id', Values: ids }] });
    return queries;
  }

  /** The value; undefined where there is no such parameter. One that may change is read again after a while. */
  #parameter(name: string, mayChange: boolean): Promise<string | undefined> {
    const forMs = (value: string | undefined): number =>
      value === undefined ? 0 : mayChange ? LIMITS.parameterMs : Number.POSITIVE_INFINITY;
    return this.#parameters.get(name, forMs, async () => {
      try {
        const command = new GetParameterCommand({ Name: name });
        const { Parameter } = await callAws('ssm:GetParameter', (call) => this.#clients.ssm.send(command, call));
        return Parameter?.Value;
      } catch (error) {
        if (classOfError(error) === 'not-found') return undefined;
        throw error;
      }
    });
  }

  async #newest(queries: readonly Query[]): Promise<FoundImage[]> {
    const best = new Map<string, Candidate>();
    for (const query of queries) {
      for (const image of await this.#describe(query)) {
        for (const candidate of candidates(image, query.known, this.#clock.nowMs())) {
          const kind = JSON.stringify(candidate.requirements);
          const present = best.get(kind);
          if (present === undefined || compare(candidate, present) < 0) best.set(kind, candidate);
        }
      }
    }
    return [...best.values()]
      .toSorted((a, b) => b.createdMs - a.createdMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
      .map(({ createdMs: _, ...image }) => image);
  }

  #describe({ filters, owners }: Query): Promise<Image[]> {
    const input = {
      Filters: [...filters, { Name: 'state', Values: ['available'] }],
      ...(owners === undefined ? {} : { Owners: [...owners] }),
      IncludeDeprecated: true,
      MaxResults: PAGE_SIZE,
    };
    return readPages<Image>('ec2:DescribeImages', async (NextToken, call) => {
      const answer = await this.#clients.ec2.send(new DescribeImagesCommand({ ...input, NextToken }), call);
      return { items: answer.Images, next: answer.NextToken };
    });
  }
}

function candidates(image: Image, known: Query['known'], nowMs: number): Candidate[] {
  const { ImageId: id = '', Name: name = '', Architecture = '', CreationDate, DeprecationTime } = image;
  const architecture = ARCHITECTURES[Architecture];
  if (architecture === undefined) return [];
  const arch: ImageRequirement = { key: 'kubernetes.io/arch', operator: 'In', values: [architecture] };
  const isDeprecated = DeprecationTime !== undefined && Date.parse(DeprecationTime) <= nowMs;
  return (known?.get(id) ?? [[]]).map((requirements) => ({
    id,
    name,
    ...(isDeprecated ? { deprecated: true as const } : {}),
    requirements: [arch, ...requirements].toSorted(
      (a, b) => a.key.length - b.key.length || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
    ),
    createdMs: CreationDate === undefined ? 0 : Date.parse(CreationDate),
  }));
}

/** Below 0 where `a` is to be preferred: not withdrawn, newer, by name. */
function compare(a: Candidate, b: Candidate): number {
  const withdrawn = Number(a.deprecated ?? false) - Number(b.deprecated ?? false);
  if (withdrawn !== 0) return withdrawn;
  return b.createdMs - a.createdMs || (a.name > b.name ? -1 : a.name < b.name ? 1 : 0);
}

function imagesPart(found: readonly FoundImage[], what = ''): Part<readonly FoundImage[]> {
  if (found.length > 0) return ready(TYPE, found);
  const message = `AMISelector did not match any AMIs${what === '' ? '' : ` (${what} is published nowhere)`}`;
  return notReady(TYPE, found, 'AMINotFound', message);
}
