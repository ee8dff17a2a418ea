import { invariant } from '../invariant-violation.js';
import { checkedMicros, floorMicros, type Micros } from './micros.js';

/**
 * Currencies, and their conversion for one purpose: to rank bids of different currencies in one auction. A converted amount
 * is a float that orders bids; what is charged is always whole micros of the advertiser's own currency.
 *
 * Source: ISO 4217, the currencies in use in 2026, without funds, metals and test codes, and without VED, the
 * second code of the bolívar that Intl cannot name.
 */
const CURRENCIES: ReadonlySet<string> = new Set(
  (
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC ' +
    'CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ' +
    'ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK ' +
    'MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE ' +
    'SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF ' +
    'XPF YER ZAR ZMW ZWG'
  ).split(' '),
);

/** True for the three capital letters of a currency in use ('KRW'); case-sensitive. */
export function isCurrency(code: string): boolean {
  return CURRENCIES.has(code);
}

/** Rates of one moment; the base itself needs no entry. */
export interface ExchangeRates {
  readonly base: string;
  /** Currency → units of the base that one unit of it is worth; finite and above 0. */
  readonly rates: ReadonlyMap<string, number>;
}

/** Whether amounts of `currency` can be compared with others; without a rate the other functions throw. */
export function hasRate(currency: string, { base, rates }: ExchangeRates): boolean {
  return currency === base || rates.has(currency);
}

/**
 * The worth of an amount in micros of the base, as a float: for ranking only, never to be charged or stored as money.
 * Amounts of the base currency come back exact, others within a relative error of 2^-52. Throws `InvariantViolation` when
 * `currency` has no usable rate (see `hasRate`) or the amount is not whole micros.
 */
export function toBase(amountMicros: Micros, currency: string, rates: ExchangeRates): number {
  return checkedMicros(amountMicros) * rateOf(currency, rates);
}

/**
 * The highest whole amount of `currency` that is worth no more than `baseMicros` of the base, up to the error of floats:
 * there and back may lose a micro, and far above 10^15 micros may gain one, so a price made here is still to be held
 * against the bid of its advertiser. Throws as `toBase` does, and when the result is 2^53 or more.
 */
export function fromBaseFloor(baseMicros: number, currency: string, rates: ExchangeRates): Micros {
  return floorMicros(baseMicros / rateOf(currency, rates));
}

/** Units of the base for one unit of `currency`. Throws `InvariantViolation` where no rate is known. */
export function rateOf(currency: string, { base, rates }: ExchangeRates): number {
  if (currency === base) return 1;
  const rate = rates.get(currency);
  invariant(
    rate !== undefined && rate > 0 && Number.isFinite(rate),
    'a currency in an auction must have a rate above 0',
  );
  return rate;
}
