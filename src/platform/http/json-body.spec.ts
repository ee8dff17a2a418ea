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

  it('refuses an object of too many entries before it is parsed, and says how many its place may have', () => {
    const interests = `"interests":{${Array.from({ length: 50_000 }, (_, i) => `"s${i}":1`).join(',')}}`;
    const refused = (most: number) =>
      expect.objectContaining({
        status: 422,
        errors: [{ path: 'interests', message: `must have at most ${most} entries, not 50000` }],
      });
    // A parser would stumble over the end.
    for (const end of ['}', ',,,']) {
      expect(() => parseJsonLine(line(`{${interests}${end}`))).toThrow(refused(2_000));
      expect(() => parseJsonLine(line(`{${interests}${end}`), { interests: 500 })).toThrow(refused(500));
    }
  });

  it.each([
    ['entries', 10_000, (i: number) => i % 900, 'must have at most 20000 entries in all, not 20002'],
    ['different names', 1_000, (i: number) => i, 'must have at most 2000 different names in all, not 2002'],
  ])('refuses small objects that have too many %s in all, before they are parsed', (_name, most, nameOf, message) => {
    const objects = (count: number, end: string): string =>
      `[${Array.from({ length: count }, (_, i) => `{"s${nameOf(i)}":1,"t${nameOf(i)}":[]}`).join(',')}${end}`;
    expect(parseJsonLine(line(objects(most, ']')))).toHaveLength(most);
    for (const end of [']', ',,,']) {
      const errors = [{ path: '', message }];
      expect(() => parseJsonLine(line(objects(most + 1, end)))).toThrow(
        expect.objectContaining({ status: 422, errors }),
      );
    }
  });

  it.each(['{}', '[]', '1'])('refuses lists of too many %s in all, before they are parsed', (value) => {
    const list = (count: number): string => `[[${Array(count).fill(value).join(',')}]]`;
    expect(parseJsonLine(line(list(39_998)))).toEqual([Array(39_998).fill(JSON.parse(value))]);
    const errors = [{ path: '', message: 'must have at most 40000 values in all, not 40001' }];
    for (const end of ['', 'x']) {
      expect(() => parseJsonLine(line(list(39_999) + end))).toThrow(expect.objectContaining({ status: 422, errors }));
    }
  });
});
