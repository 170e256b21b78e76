// The image families of an EC2NodeClass, and which of them an alias names. Names only: what an image does with user data
// is elsewhere.

/** Families, as the field writes them. */
export const IMAGE_FAMILIES = [
  'AL2',
  'AL2023',
  'Bottlerocket',
  'Custom',
  'Windows2019',
  'Windows2022',
  'Windows2025',
] as const;

/** One of them. */
export type ImageFamily = (typeof IMAGE_FAMILIES)[number];

/** The family of a node class that says nothing about images. */
export const DEFAULT_IMAGE_FAMILY: ImageFamily = 'AL2023';

/** Families whose images AWS publishes: all but Custom, whose image has to be selected. */
export const PUBLISHED_FAMILIES = IMAGE_FAMILIES.filter((family) => family !== 'Custom');

/** The name of a family in an alias. */
export function aliasName(family: ImageFamily): string {
  return family.toLowerCase();
}

/** Families of Windows in aliases. */
export const WINDOWS_ALIASES: readonly string[] = PUBLISHED_FAMILIES.filter((family) =>
  family.startsWith('Windows'),
).map(aliasName);

/** True for the name of a published family in an alias. */
export function isFamilyAlias(name: string): boolean {
  return PUBLISHED_FAMILIES.some((family) => aliasName(family) === name);
}

/** The family that an alias such as al2023@latest names; undefined for anything else. */
export function familyOfAlias(alias: unknown): ImageFamily | undefined {
  if (typeof alias !== 'string') return undefined;
  const [name = ''] = alias.split('@');
  return PUBLISHED_FAMILIES.find((family) => aliasName(family) === name);
}
