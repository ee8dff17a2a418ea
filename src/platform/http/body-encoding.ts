import type { FastifyRequest } from 'fastify';
import { AppError } from '../app-error.js';

const CHARSET = /;\s*charset\s*=\s*"?([^";\s]+)/i;
/** ASCII is part of UTF-8. */
const READ = /^(utf-?8|us-ascii)$/i;

/**
 * JSON is read as UTF-8 (RFC 8259) and as it comes. A body that says it is written otherwise is refused: in another
 * charset some would pass, misread, and a compressed one may unpack to any size.
 */
export function encodingFault({ headers }: FastifyRequest): AppError | null {
  const coding = headers['content-encoding'] ?? 'identity';
  if (coding.toLowerCase() !== 'identity') {
    return unsupported('Bodies are read as they come: send no Content-Encoding.', { 'accept-encoding': 'identity' });
  }
  const charset = CHARSET.exec(headers['content-type'] ?? '')?.[1];
  if (charset === undefined || READ.test(charset)) return null;
  return unsupported('Bodies are read as UTF-8: send charset=utf-8, or no charset.');
}

function unsupported(detail: string, headers?: Readonly<Record<string, string>>): AppError {
  return new AppError(415, 'unsupported_media_type', detail, [], headers);
}
