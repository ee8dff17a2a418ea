/** The demo's words: invented brands, what they sell, and how they speak of it. Nobody of these names is meant. */
export interface Bilingual {
  readonly ko: string;
  readonly en: string;
}

export interface Brand {
  readonly name: Bilingual;
  /** Segments whose products it sells; the first is its main one. */
  readonly segments: readonly string[];
}

export interface Product {
  readonly segment: string;
  /** A noun; the English one is a plural or takes no article. */
  readonly name: Bilingual;
  /** One sentence. */
  readonly detail: Bilingual;
}

export interface Trade {
  /** The segment that those of its products are part of. */
  readonly topic: string;
  readonly brands: readonly Brand[];
  readonly products: readonly Product[];
  /** One sentence each, fit for each brand of the trade. */
  readonly offers: readonly Bilingual[];
  /** Texts of the button. */
  readonly calls: readonly Bilingual[];
}

export function brand(ko: string, en: string, ...segments: readonly string[]): Brand {
  return { name: { ko, en }, segments };
}

export function product(segment: string, [ko, en]: Pair, [koDetail, enDetail]: Pair): Product {
  return { segment, name: { ko, en }, detail: { ko: koDetail, en: enDetail } };
}

export function say(ko: string, en: string): Bilingual {
  return { ko, en };
}

type Pair = readonly [ko: string, en: string];
