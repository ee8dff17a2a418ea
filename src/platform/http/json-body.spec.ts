import { describe, expect, it } from '@jest/globals';
import { parseJsonLine } from './json-body.js';

const line = (text: string): Buffer => Buffer.from(text);

describe('parseJsonLine', () => {
  it.each([
    ['{"__proto__":{"role":"admin"}}', '__proto__'],
    [String.raw`{"a":[{"\u005f_proto__":1}]}`, 'a[0].__proto__'],
    ['{"a":{"constructor":{"prototype":{}}}}', 'a.constructor'],
    [String.raw`{"a":["\u0000"]}`, 'a[0]'],
    [String.raw`{"a":"\ud800"}`, 'a'],
  ])('refuses %s, and says where', (text, path) => {
    expect(() => parseJsonLine(line(text))).toThrow(
      expect.objectContaining({ status: 400, errors: [expect.objectContaining({ path })] }),
    );
  });

  it.each(['{"name":"__proto__"}', '{"constructor":"works"}', '["constructor","a\\u0041"]'])('takes %s', (text) => {
    expect(parseJsonLine(line(text))).toEqual(JSON.parse(text));
  });
});
