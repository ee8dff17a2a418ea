/** What one check looked at, and what it found wrong; a figure is told where there is more to say than a count. */
export interface Check {
  readonly name: string;
  readonly looked: number;
  readonly breaches: readonly string[];
  readonly figure?: string;
}

/** Sums of amounts by key. */
export function sumBy<T>(
  items: readonly T[],
  key: (item: T) => string,
  amount: (item: T) => bigint,
): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const item of items) sums.set(key(item), (sums.get(key(item)) ?? 0n) + amount(item));
  return sums;
}

/** Where two sets of sums differ; what is absent counts as 0. */
export function differences(
  what: string,
  expected: ReadonlyMap<string, bigint>,
  found: ReadonlyMap<string, bigint>,
): readonly string[] {
  return [...new Set([...expected.keys(), ...found.keys()])].flatMap((key) => {
    const [wanted, got] = [expected.get(key) ?? 0n, found.get(key) ?? 0n];
    return wanted === got ? [] : [`${what} of ${key}: ${got} instead of ${wanted}`];
  });
}
