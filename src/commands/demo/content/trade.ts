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

/** What an offer or a button suits: things that are sent, or something that one goes to or signs up for. */
export type Kind = 'goods' | 'service';

/** A sentence or a button's text; without a kind it suits both. */
export interface Phrase extends Bilingual {
  readonly kind?: Kind;
}

export interface Product {
  readonly kind: Kind;
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
  /** One sentence each, fit for each product of the kind. */
  readonly offers: readonly Phrase[];
  /** Texts of the button. */
  readonly calls: readonly Phrase[];
}

export function brand(ko: string, en: string, ...segments: readonly string[]): Brand {
  return { name: { ko, en }, segments };
}

export function goods(segment: string, name: Pair, detail: Pair): Product {
  return product('goods', segment, name, detail);
}

export function service(segment: string, name: Pair, detail: Pair): Product {
  return product('service', segment, name, detail);
}

export function say(ko: string, en: string, kind?: Kind): Phrase {
  return { ko, en, ...(kind === undefined ? {} : { kind }) };
}

function product(kind: Kind, segment: string, [ko, en]: Pair, [koDetail, enDetail]: Pair): Product {
  return { kind, segment, name: { ko, en }, detail: { ko: koDetail, en: enDetail } };
}

type Pair = readonly [ko: string, en: string];
