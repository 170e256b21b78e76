// The labels that a node of a type carries, by Karpenter's keys. Labels of the zone, the capacity type, reservations
// and placement groups belong to offerings and are not made here.

import type { AcceleratorFacts, Architecture, Ec2InstanceFacts } from './facts.ts';
import type { ImageFamily } from './image-families.ts';

type Labels = Record<string, readonly string[]>;

/** `u-6tb1` has the category `u` and the generation `1`; `m5` has `m` and `5`. */
const FAMILY_SCHEME = /^([a-z]+)(?:-[0-9]+tb)?([0-9]+)/;

/** Stands for a label that does not exist until it is removed. */
const NONE: readonly string[] = [];

const TENANCIES: readonly string[] = ['dedicated', 'default'];

/** Labels that follow from the family in a type's name. */
interface FamilyLabels {
  readonly family: readonly string[];
  readonly flex: readonly string[];
  /** Both absent where the family is not letters and a number. */
  readonly category?: readonly string[];
  readonly generation?: readonly string[];
}

/**
 * Makes one-value lists, the same list for the same value: a catalogue has 30,000 label values and 3,000 distinct ones,
 * and lists of their own would cost more in garbage collection than everything else here. One for each derivation.
 */
export class LabelValues {
  readonly #texts = new Map<string, readonly string[]>();
  readonly #numbers = new Map<number, readonly string[]>();
  readonly #families = new Map<string, FamilyLabels>();

  text(value: string): readonly string[] {
    let list = this.#texts.get(value);
    if (list === undefined) {
      list = [value];
      this.#texts.set(value, list);
    }
    return list;
  }

  number(value: number): readonly string[] {
    let list = this.#numbers.get(value);
    if (list === undefined) {
      list = [String(value)];
      this.#numbers.set(value, list);
    }
    return list;
  }

  family(name: string): FamilyLabels {
    let labels = this.#families.get(name);
    if (labels === undefined) {
      const scheme = FAMILY_SCHEME.exec(name);
      labels = {
        family: [name],
        flex: this.text(String(name.includes('-flex'))),
        ...(scheme === null ? {} : { category: [scheme[1]!], generation: [scheme[2]!] }),
      };
      this.#families.set(name, labels);
    }
    return labels;
  }
}

/** Labels that an image family gives to nodes of an architecture: kubernetes.io/os and node.kubernetes.io/windows-build. */
export function imageLabels(
  { windowsBuild }: ImageFamily,
  architecture: Architecture,
): { readonly os?: string; readonly windowsBuild?: string } {
  if (windowsBuild === undefined) return { os: 'linux' };
  // There is no Windows for arm64: such a type has no operating system that a pod could ask for.
  return architecture === 'amd64' ? { os: 'windows', windowsBuild } : { windowsBuild };
}

/**
 * Labels of a type under an image family, each with the values it can take. Absent labels do not exist on the node.
 * Runs for every type whenever a node class is new: keys are literals and the common ones are set at once, because an
 * object grown key by key costs several times as much.
 */
export function labelsOf(
  facts: Ec2InstanceFacts,
  imageFamily: ImageFamily,
  region: string,
  values: LabelValues,
): Labels {
  const architecture = facts.architectures[0] ?? 'amd64';
  const dot = facts.name.indexOf('.');
  const family = values.family(dot < 0 ? facts.name : facts.name.slice(0, dot));
  const image = imageLabels(imageFamily, architecture);
  const labels: Labels = {
    'node.kubernetes.io/instance-type': [facts.name],
    'kubernetes.io/arch': values.text(architecture),
    'kubernetes.io/os': image.os === undefined ? NONE : values.text(image.os),
    'topology.kubernetes.io/region': values.text(region),
    'karpenter.k8s.aws/instance-category': family.category ?? NONE,
    'karpenter.k8s.aws/instance-generation': family.generation ?? NONE,
    'karpenter.k8s.aws/instance-family': family.family,
    'karpenter.k8s.aws/instance-size': values.text(facts.name.slice(dot + 1)),
    'karpenter.k8s.aws/instance-capability-flex': family.flex,
    'karpenter.k8s.aws/instance-cpu': values.number(facts.vcpuCount),
    'karpenter.k8s.aws/instance-memory': values.number(facts.memoryMib),
    // A bare-metal type has the label with an empty value.
    'karpenter.k8s.aws/instance-hypervisor': values.text(facts.hypervisor ?? ''),
    'karpenter.k8s.aws/instance-encryption-in-transit-supported': values.text(
      facts.encryptionInTransit ? 'true' : 'false',
    ),
    // Where EC2 does not state a clock the label is there and says 0.
    'karpenter.k8s.aws/instance-cpu-sustained-clock-speed-mhz': values.number(facts.sustainedClockMhz ?? 0),
    'karpenter.k8s.aws/instance-tenancy': TENANCIES,
  };
  if (image.windowsBuild !== undefined) {
    labels['node.kubernetes.io/windows-build'] = values.text(image.windowsBuild);
    if (image.os === undefined) delete labels['kubernetes.io/os'];
  }
  removeMissingNameParts(labels, facts.name, dot);
  if (facts.cpuManufacturer !== undefined) {
    labels['karpenter.k8s.aws/instance-cpu-manufacturer'] = values.text(slug(facts.cpuManufacturer));
  }
  if (facts.ebsBandwidthMbps !== undefined) {
    labels['karpenter.k8s.aws/instance-ebs-bandwidth'] = values.number(facts.ebsBandwidthMbps);
  }
  if (facts.networkBandwidthMbps !== undefined) {
    labels['karpenter.k8s.aws/instance-network-bandwidth'] = values.number(facts.networkBandwidthMbps);
  }
  if (facts.instanceStorage?.nvme) {
    labels['karpenter.k8s.aws/instance-local-nvme'] = values.number(facts.instanceStorage.totalGb);
  }
  addDevices(labels, facts, values);
  return labels;
}

/** A name that is not FAMILY.SIZE, or whose family is not letters and a number, lacks the labels made from it. */
function removeMissingNameParts(labels: Labels, name: string, dot: number): void {
  if (dot < 0 || labels['karpenter.k8s.aws/instance-category'] === NONE) {
    delete labels['karpenter.k8s.aws/instance-category'];
    delete labels['karpenter.k8s.aws/instance-generation'];
  }
  if (dot < 0 || name.indexOf('.', dot + 1) >= 0) {
    delete labels['karpenter.k8s.aws/instance-family'];
    delete labels['karpenter.k8s.aws/instance-size'];
  }
}

/** Device labels exist only where the type has exactly one kind of the device. */
function addDevices(labels: Labels, facts: Ec2InstanceFacts, values: LabelValues): void {
  const gpu = only(facts.gpus);
  if (gpu !== undefined) {
    labels['karpenter.k8s.aws/instance-gpu-name'] = values.text(slug(gpu.name));
    labels['karpenter.k8s.aws/instance-gpu-manufacturer'] = values.text(slug(gpu.manufacturer));
    labels['karpenter.k8s.aws/instance-gpu-count'] = values.number(gpu.count);
    labels['karpenter.k8s.aws/instance-gpu-memory'] = values.number(gpu.memoryMib);
  }
  if (facts.neuronDevices.length === 0) {
    const accelerator = only(facts.inferenceAccelerators);
    if (accelerator !== undefined) {
      addAccelerator(labels, accelerator, values);
    }
    return;
  }
  const neuron = only(facts.neuronDevices);
  if (neuron !== undefined)
    addAccelerator(labels, { name: neuron.name, manufacturer: 'aws', count: neuron.count }, values);
}

function addAccelerator(labels: Labels, accelerator: AcceleratorFacts, values: LabelValues): void {
  labels['karpenter.k8s.aws/instance-accelerator-name'] = values.text(slug(accelerator.name));
  labels['karpenter.k8s.aws/instance-accelerator-manufacturer'] = values.text(slug(accelerator.manufacturer));
  labels['karpenter.k8s.aws/instance-accelerator-count'] = values.number(accelerator.count);
}

function only<T>(items: readonly T[]): T | undefined {
  return items.length === 1 ? items[0] : undefined;
}

/** EC2's names as label values: lower case, hyphens for spaces. */
function slug(name: string): string {
  return name.replaceAll(' ', '-').toLowerCase();
}
