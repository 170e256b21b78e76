// Prices as AWS writes them, as whole nano-dollars (in China nano-yuan). Pure.

const NANO = 1_000_000_000;

interface Product {
  readonly product?: { readonly attributes?: { readonly instanceType?: string } };
  readonly terms?: {
    readonly OnDemand?: Readonly<
      Record<string, { readonly priceDimensions?: Readonly<Record<string, { readonly pricePerUnit?: object }>> }>
    >;
  };
}

/** Type and price of a product of the price list; undefined for what has none. */
export function productPrice(listed: unknown): readonly [string, number] | undefined {
  const { product, terms } = parsed(listed);
  const { instanceType = '' } = product?.attributes ?? {};
  if (instanceType === '') return undefined;
  for (const term of Object.values(terms?.OnDemand ?? {})) {
    for (const { pricePerUnit } of Object.values(term.priceDimensions ?? {})) {
      const { USD, CNY } = (pricePerUnit ?? {}) as { readonly USD?: string; readonly CNY?: string };
      const price = nanoOf(USD ?? CNY);
      if (price > 0) return [instanceType, price];
    }
  }
  return undefined;
}

/** An entry that is no JSON is one without a price. */
function parsed(listed: unknown): Product {
  try {
    return JSON.parse(String(listed)) as Product;
  } catch {
    return {};
  }
}

/** Whole nano-dollars, rounded once; 0 for what is no price. */
export function nanoOf(text: string | undefined): number {
  const dollars = Number(text);
  return Number.isFinite(dollars) && dollars > 0 ? Math.round(dollars * NANO) : 0;
}
