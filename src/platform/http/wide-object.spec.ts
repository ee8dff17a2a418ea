import { describe, expect, it } from '@jest/globals';
import { findWideObject } from './wide-object.js';

const MOST = 3;
const find = (json: string) => findWideObject(Buffer.from(json), MOST);
const entries = (count: number): string => Array.from({ length: count }, (_, i) => `"k${i}":"v"`).join(',');

describe('an object with too many entries', () => {
  it.each([
    [`{${entries(4)}}`, '', 4],
    [`{"interests":{${entries(9)}},"consent":{}}`, 'interests', 9],
    [`{"a":[0,[],{"b":{${entries(5)}}}]}`, 'a[2].b', 5],
    [`{"a":{"x":1,"y":{},"z":[{${entries(6)},"last":{"k":1}}]}}`, 'a.z[0]', 7],
    [String.raw`{"\u0061\"b":{"k":{},${entries(3)}}}`, 'a"b', 4],
    ['{"관심":{"":1,"":2,"":3,"":4}}', '관심', 4],
    [`[{${entries(3)}},{${entries(4)}},{${entries(5)}}]`, '[1]', 4],
  ])('is found in %s at %j', (json, path, count) => {
    expect(JSON.parse(json)).toBeDefined();
    expect(find(json)).toEqual({ path, entries: count });
  });

  it.each([
    '{"a":1,"b":2,"c":3}',
    '{"a":{"a":1,"b":2},"b":{"a":1,"b":2},"c":[1,2,3,4,5,6]}',
    String.raw`{"a":"{\"a\":1,\"b\":2,\"c\":3,\"d\":4}","b\\":"\":::::\\"}`,
    `[${Array.from({ length: 20 }, () => '{"a":1}').join(',')}]`,
  ])('is not in %s', (json) => {
    expect(JSON.parse(json)).toBeDefined();
    expect(find(json)).toBeNull();
  });

  it.each([
    '',
    '}}}}}}}}}}}}}}}}',
    ':::::::::::::::::',
    ',,,,,,,,,,,,,,,,,',
    '"'.repeat(17),
    '{"a":"\\',
    '[[[[[[[[[[[[[[[',
  ])('is not looked for in vain in what is no JSON: %j', (text) => {
    expect(find(text)).toBeNull();
  });

  it('is found where the text breaks off', () => {
    expect(find(`{"a":{${entries(5)}`)).toEqual({ path: 'a', entries: 5 });
    expect(find(`{"a\\x":{${entries(5)},"`)).toEqual({ path: 'a\\x', entries: 5 });
  });

  it('is not looked for beyond what any body nests', () => {
    const within = (depth: number): string => `${'['.repeat(depth)}{${entries(4)}}${']'.repeat(depth)}`;
    expect(find(within(900))).toMatchObject({ entries: 4 });
    expect(find(within(1_100))).toBeNull();
  });
});
