import { bytesOf, toUtf8Text } from '../../platform/http/utf8-text.js';
import type { Decision } from './match.service.js';

/** A decision in the form that `MATCH_ANSWER` documents. */
export function writeDecision({ requestId, messages, noFill, refreshAfterSeconds }: Decision): Buffer {
  const reason = noFill === undefined ? '' : `"noFill":${JSON.stringify(noFill)},`;
  const rest = `${reason}"refreshAfterSeconds":${refreshAfterSeconds}`;
  return bytesOf(`{"requestId":${toUtf8Text(JSON.stringify(requestId))},"messages":[${messages.join(',')}],${rest}}`);
}

const OPENING = Buffer.from('{"results":[');
const COMMA = Buffer.from(',');
const CLOSING = Buffer.from(']}');

/** The answer of a batch; `results`: JSON in UTF-8, in the order of the requests. */
export function writeResults(results: readonly Buffer[]): Buffer {
  const parts = results.flatMap((result, i) => (i === 0 ? [result] : [COMMA, result]));
  return Buffer.concat([OPENING, ...parts, CLOSING]);
}
