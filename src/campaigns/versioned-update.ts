import { conflict } from '../platform/app-error.js';

/** More rivals than this at one moment are no accident; the caller shall slow down. */
const MAX_ATTEMPTS = 5;

/**
 * Repeats read-and-update until the row was still at the version that was read: an update without `If-Match` then builds
 * on what a faster one has stored, and one with it finds the newer version and is refused. `attempt` answers undefined when
 * another update came between.
 */
export async function updateLatest<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < MAX_ATTEMPTS; i++) {
    const updated = await attempt();
    if (updated !== undefined) return updated;
  }
  throw conflict('concurrent_update', 'Others keep changing it just now; read it again, then repeat your change.');
}
