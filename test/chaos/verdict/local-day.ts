const formats = new Map<string, Intl.DateTimeFormat>();

/** 'YYYY-MM-DD' where the zone is, by nothing of the product's. `at`: epoch ms. */
export function localDay(at: number, timeZone: string): string {
  const known = formats.get(timeZone);
  // Of this locale, dates are written so. A format is dear to make.
  const format = known ?? new Intl.DateTimeFormat('en-CA', { timeZone });
  if (known === undefined) formats.set(timeZone, format);
  return format.format(at);
}
