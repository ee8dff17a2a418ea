import type { CreativePlan } from '../campaign-plan.js';
import type { SeededRandom } from '../seeded-random.js';
import type { Brand, Phrase, Product, Trade } from './content/trade.js';

/** Writes the demo's messages: a title about the product, what is good about it, an offer, and a call to action. */
export type CopyLanguage = 'ko' | 'en';

const TITLES: Readonly<Record<CopyLanguage, readonly ((product: string) => string)[]>> = {
  ko: [
    (product) => `${product}, 지금 만나 보세요`,
    (product) => `오늘의 추천, ${product}`,
    (product) => `${product} 찾고 계셨나요?`,
    (product) => `요즘 인기 있는 ${product}`,
    (product) => `새로 나온 ${product}`,
  ],
  en: [
    (product) => `Just in: ${product}`,
    (product) => `Our pick today: ${product}`,
    (product) => `Popular now: ${product}`,
    (product) => `${capitalized(product)} for you`,
  ],
};

export function writeCreative(
  { trade, brand, product }: { trade: Trade; brand: Brand; product: Product },
  language: CopyLanguage,
  random: SeededRandom,
): CreativePlan {
  const fitting = (phrases: readonly Phrase[]): readonly Phrase[] =>
    phrases.filter(({ kind }) => kind === undefined || kind === product.kind);
  const title = random.pick(TITLES[language])(product.name[language]);
  return {
    senderName: brand.name[language],
    title,
    body: `${product.detail[language]} ${random.pick(fitting(trade.offers))[language]}`,
    callToAction: random.pick(fitting(trade.calls))[language],
    landingUrl: `https://example.com/${slugOf(brand.name.en)}/${slugOf(product.name.en)}?from=chat`,
    language,
  };
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function slugOf(text: string): string {
  return text
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}
