/**
 * What `promise` answers, or what `late` does where it takes longer than `ms`. The promise is not stopped by that; whether
 * it fails later is nobody's affair any more.
 */
export function withinTime<T>(promise: Promise<T>, ms: number, late: () => T | Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => resolve((async () => late())()), ms);
    void promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
