// What a case may demand of its plan. Written by hand from the documentation before the case is run; UPDATE_GOLDEN never
// touches it. README.md of this folder explains it with examples.

/** Globs over pod names: `web-*`. Every one must match some pod, so that no demand holds for want of pods. */
export type PodGlobs = string | readonly string[];

/** One value, or several of which any will do. */
export type OneOf = string | number | readonly (string | number)[];

/** Where all of some pods must be. Every key but `type` must hold whichever offering of its list a new node gets. */
export interface AtDemand {
  readonly pods: PodGlobs;
  /** True: on nodes to be made. False: on nodes that exist. */
  readonly new?: boolean;
  /** Names of existing nodes. */
  readonly node?: OneOf;
  readonly pool?: OneOf;
  /** The type that is tried first. */
  readonly type?: OneOf;
  /** The types that may be tried at all. */
  readonly types?: OneOf;
  readonly zone?: OneOf;
  readonly capacity?: OneOf;
  /** Ids of reservations: the node may be launched from these only. */
  readonly reservation?: OneOf;
  /** By label: its values; null where the node must not have it. */
  readonly labels?: Readonly<Record<string, OneOf | null>>;
  /** By label: how many values the node's list has where that is fewer than the pool's minValues; {} where it has enough. */
  readonly fallsShort?: Readonly<Record<string, number>>;
}

/** How pods lie with respect to the domains of a label: host, zone, capacity, type, pool, reservation or any label key. */
export interface DomainDemand {
  readonly pods: PodGlobs;
  readonly by: string;
}

/** Pods per domain: by name, or only the numbers in any order. Running pods count. */
export interface CountDemand extends DomainDemand {
  readonly is: Readonly<Record<string, number>> | readonly number[];
}

/** Why a pod must be left out. */
export interface LeftOutDemand {
  /** How many of the pods that the glob matches; all when absent. */
  readonly count?: number;
  /** An UnplacedReasonCode without its prefix, or several with `|` between; one pool's reason is enough. */
  readonly code: string;
  /** A regular expression over all messages. */
  readonly message?: string;
}

/** Everything that a case may demand. Pods that `leftOut` does not name must have a place. */
export interface Expectation {
  readonly at?: readonly AtDemand[];
  readonly together?: readonly DomainDemand[];
  readonly apart?: readonly DomainDemand[];
  readonly counts?: readonly CountDemand[];
  readonly leftOut?: Readonly<Record<string, string | LeftOutDemand>>;
  /** Nodes to be made. */
  readonly nodes?: number;
  /** Dollars an hour of all nodes to be made. */
  readonly price?: number;
  /** Regular expressions, each of which some warning or notice must match. */
  readonly warnings?: readonly string[];
  /** The input must be refused, with a message that matches. Nothing else can be demanded then. */
  readonly refused?: string;
}
