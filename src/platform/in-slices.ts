import { setImmediate } from 'node:timers/promises';

/** A turn of the event loop may take this much longer for work that has time. */
const SLICE_MS = 1;

/** Runs work that yields often to its end, a slice at a time, so that everything else goes on in between. */
export async function inSlices(work: Generator): Promise<void> {
  for (let isDone = false; !isDone; await setImmediate()) {
    const end = performance.now() + SLICE_MS;
    while (!isDone && performance.now() < end) isDone = work.next().done === true;
  }
}
