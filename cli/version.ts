// The version of the command, from the package's manifest.
import manifest from '../package.json' with { type: 'json' };

/** The version as `dovetail --version` prints it. */
export const VERSION: string = manifest.version;
