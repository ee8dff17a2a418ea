import { CannotStart } from './platform/cannot-start.js';
import { parseConfig } from './platform/config/config.js';
import { createPino } from './platform/logging/pino-logger.js';
import { Product } from './product.js';

/**
 * `npm` passes on the SIGINT that the terminal has sent to the whole group already, so one Ctrl-C may arrive twice. Only a
 * signal later than this is somebody's second one.
 */
const SAME_SIGNAL_MS = 1_000;

async function main(): Promise<void> {
  // Whoever read the output may be gone, as in `npm start | head`: no reason to stop serving.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);
  const config = parseConfig(process.env);
  const pino = createPino(config.logLevel);
  const product = new Product(config, pino);
  let stoppingSince: number | null = null;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stoppingSince !== null) {
        // From somebody who will not wait; the embedded servers end with this process or by the next start.
        if (performance.now() - stoppingSince > SAME_SIGNAL_MS) process.exit(1);
        return;
      }
      stoppingSince = performance.now();
      pino.info({ signal }, 'stopping');
      product.stop().then(
        () => process.exit(0),
        (error: unknown) => {
          pino.error({ err: error }, 'did not stop cleanly');
          process.exit(1);
        },
      );
    });
  }
  try {
    await product.start();
  } catch (error) {
    if (stoppingSince !== null) return;
    await product.stop().catch((cause: unknown) => pino.error({ err: cause }, 'did not stop cleanly'));
    throw toForeseen(error, config.dataDir);
  }
}

/** A file's fault is told with the setting that it comes from. */
function toForeseen(error: unknown, dataDir: string): unknown {
  const { path, message } = error as NodeJS.ErrnoException;
  if (path === undefined || !`${path}/`.startsWith(`${dataDir}/`)) return error;
  return new CannotStart(`${message}\nDATA_DIR must be a directory that this user may write to, on a disk with room.`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${startFailure(error)}\n`);
  process.exit(1);
});

const HOST_HINT = 'Set HOST to an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all.';
const LISTEN_HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Set PORT to a free port, or PORT=0 for any.',
  EACCES: 'Set PORT to one that this user may listen on, such as one above 1023.',
  EADDRNOTAVAIL: HOST_HINT,
  ENOTFOUND: HOST_HINT,
  EAI_AGAIN: HOST_HINT,
};

/** What the person who started it can do about it; where nobody foresaw the error, its stack. */
function startFailure(error: unknown): string {
  if (error instanceof CannotStart) return error.message;
  const { code = '', syscall, message, stack } = error as NodeJS.ErrnoException;
  const hint = syscall === 'listen' || syscall === 'getaddrinfo' ? LISTEN_HINTS[code] : undefined;
  return hint === undefined ? `Matchum did not start: ${stack ?? message}` : `${message}\n${hint}`;
}
