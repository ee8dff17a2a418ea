/**
 * What HTTP itself costs: Fastify with the schemas of `/v1/match` and an answer as large as a real one, that is always the
 * same. `--tick`: answers all requests of a turn of the event loop together.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import Fastify from 'fastify';
import { MATCH_ANSWER } from '../../../src/serving/match/match-answer.js';
import { MATCH_BODY } from '../../../src/serving/match/match-input.js';

const { values } = parseArgs({
  options: { port: { type: 'string' }, answer: { type: 'string' }, tick: { type: 'boolean', default: false } },
});
const answer = JSON.parse(await readFile(values.answer ?? '', 'utf8')) as object;
const fastify = Fastify({ ajv: { customOptions: { coerceTypes: false, keywords: ['example'] } } });
const schema = { body: MATCH_BODY, response: { 200: MATCH_ANSWER } };
let waiting: ((answer: object) => void)[] = [];

function untilTurnEnds(): Promise<object> {
  return new Promise((resolve) => {
    if (waiting.push(resolve) > 1) return;
    setImmediate(() => {
      const all = waiting;
      waiting = [];
      for (const answerOne of all) answerOne(answer);
    });
  });
}

fastify.post('/v1/match', { schema }, async () => (values.tick ? untilTurnEnds() : answer));
await fastify.listen({ port: Number(values.port), host: '127.0.0.1' });
