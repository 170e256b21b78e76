// Names of the contract's reason codes, which are numbers in messages.
import { UnplacedReasonCode } from '../../proto/index.ts';

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(UnplacedReasonCode).map(([name, code]) => [code, name]),
);

/** The name of a code without its prefix: TOPOLOGY_SPREAD. */
export function reasonCodeName(code: UnplacedReasonCode): string {
  return NAMES.get(code) ?? String(code);
}
