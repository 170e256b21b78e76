// The bounds of what is read from Kubernetes objects and files, together. Beyond them an input is refused with the name
// of the bound; none of them is near what a cluster holds.

/** Most pods that one input may ask for, replicas included. */
export const MAX_PODS = 500_000;

/** Most bytes of one file, after unpacking. */
export const MAX_FILE_BYTES = 512 * 1024 * 1024;

/** Most documents of one YAML file. */
export const MAX_DOCUMENTS = 100_000;

/** Most times YAML aliases may be expanded in one document: stops files that grow when they are read. */
export const MAX_YAML_ALIASES = 10_000;
