// Reads the few quantities of a reference file. Not the parser of manifests, which belongs to the controller.

const SUFFIXES: Readonly<Record<string, number>> = {
  '': 1,
  m: 1 / 1000,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Thousandths of a unit, so that `1930m` and `2` are both whole. Throws where the text is no whole quantity. */
export function parseMilliUnits(text: string): number {
  const match = /^(-?[0-9]+)(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(text);
  const factor = match === null ? undefined : SUFFIXES[match[2] ?? ''];
  if (match === null || factor === undefined) throw new Error(`parse quantity: not understood (text=${text})`);
  return Math.round(Number(match[1]) * factor * 1000);
}
