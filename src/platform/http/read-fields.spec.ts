import { describe, expect, it } from '@jest/globals';
import type { FieldError } from '../app-error.js';
import { Nested, NestedList, OneOf, RawJson, Text, TextList, Whole } from './fields.js';
import { type FieldsClass, MAX_FAULTS, readFields } from './read-fields.js';

const described = { description: 'A field' };
let made = 0;

class Leaf {
  @Whole({ ...described, min: 0, max: 9 })
  size!: number;

  constructor() {
    made++;
  }
}

class Branch {
  @Text({ ...described, max: 10 })
  name!: string;

  @NestedList(() => Leaf, { ...described, max: 200, optional: true })
  leaves?: Leaf[];

  @Nested(() => Leaf, { ...described, optional: true, nullable: true })
  bud?: Leaf | null;

  @RawJson(described)
  raw?: unknown;

  @TextList({ ...described, max: 10_000, pattern: /^[a-z]+$/, form: 'letters', optional: true })
  words?: readonly string[];

  @TextList({ ...described, max: 10, pattern: /^[a-z]+$/, form: 'letters', distinct: true, optional: true })
  tags: readonly string[] = ['as', 'before'];

  @OneOf(['oak', 'elm'], { ...described, optional: true })
  kind?: string;

  grow(): void {
    throw new Error('grows');
  }
}

interface Reading {
  readonly value: object;
  readonly faults: readonly FieldError[];
  readonly steps: number;
}

function read(fields: Readonly<Record<string, unknown>>, type: FieldsClass = Branch): Reading {
  const faults: FieldError[] = [];
  const reading = readFields(type, fields, faults);
  for (let steps = 0; ; steps++) {
    const { done, value } = reading.next();
    if (done === true) return { value, faults, steps };
  }
}

/** Whoever looks inside of it throws. */
function trap(): object {
  return Object.defineProperty({}, 'inside', {
    enumerable: true,
    get: () => {
      throw new Error('looked into');
    },
  });
}

const leaves = (count: number, leaf: unknown = { size: 1 }): unknown[] => Array.from({ length: count }, () => leaf);

describe('readFields', () => {
  it('makes instances of the classes, and passes on as it came what another reader checks', () => {
    const raw = { all: [{ segment: 'a' }] };
    const { value, faults } = read({
      name: 'b',
      leaves: leaves(2),
      bud: { size: 3 },
      raw,
      words: ['a', 'b'],
      tags: ['a'],
      kind: 'elm',
    });
    expect(faults).toEqual([]);
    expect(value).toBeInstanceOf(Branch);
    const branch = value as Branch;
    expect([branch.bud, ...branch.leaves!].every((leaf) => leaf instanceof Leaf)).toBe(true);
    expect(branch.raw).toBe(raw);
    expect(branch).toEqual({
      name: 'b',
      leaves: leaves(2),
      bud: { size: 3 },
      raw,
      words: ['a', 'b'],
      tags: ['a'],
      kind: 'elm',
    });
  });

  it('leaves what is absent as the class has it, and null what may be null', () => {
    const { value, faults } = read({ name: 'b', bud: null });
    expect(faults).toEqual([]);
    expect(value).toEqual({ name: 'b', bud: null, tags: ['as', 'before'] });
  });

  const name = 'b';
  const faulty: readonly [string, Readonly<Record<string, unknown>>, readonly [string, string][]][] = [
    ['a field that is absent', { name, leaves: [{ size: 1 }, {}] }, [['leaves[1].size', 'is required']]],
    ['one in an object', { name, bud: { size: 10 } }, [['bud.size', 'must be a whole number from 0 to 9']]],
    ['an unknown one', { name, leaves: [{ size: 1, x: 1 }] }, [['leaves[0].x', 'is not a known field']]],
    ['one with the name of a method', { name, grow: 1 }, [['grow', 'is not a known field']]],
    ['one with a long name', { name, ['x'.repeat(1_000)]: 1 }, [['x'.repeat(64), 'is not a known field']]],
    ['a list for an object', { name, bud: [{ size: 1 }] }, [['bud', 'must be an object']]],
    ['an object for a list', { name, leaves: { size: 99 } }, [['leaves', 'must be a list']]],
    ['null for a list', { name, leaves: null }, [['leaves', 'must be a list']]],
    ['null for what another reader checks', { name, raw: null }, [['raw', 'must not be null']]],
    [
      'what is no object in a list',
      { name, leaves: [{ size: 1 }, 7, [], null, { size: 10 }] },
      [
        ['leaves[1]', 'must be an object'],
        ['leaves[2]', 'must be an object'],
        ['leaves[3]', 'must be an object'],
        ['leaves[4].size', 'must be a whole number from 0 to 9'],
      ],
    ],
    ['an object for a text', { name: { size: 1 } }, [['name', 'must be a string']]],
    ['an object for one of some words', { name, kind: {} }, [['kind', 'must be one of oak, elm']]],
    [
      'what is none of the texts in a list',
      { name, words: ['a', { b: 1 }, 'B', 7] },
      [
        ['words[1]', 'must be letters'],
        ['words[2]', 'must be letters'],
        ['words[3]', 'must be letters'],
      ],
    ],
    ['texts that are too many', { name, words: leaves(10_001, 'a') }, [['words', 'must have at most 10000 entries']]],
    ['objects that are too many', { name, leaves: leaves(201) }, [['leaves', 'must have at most 200 entries']]],
    ['a text that comes twice', { name, tags: ['a', 'b', 'a'] }, [['tags', 'must be different from each other']]],
  ];

  it.each(faulty)('tells the path of %s', (_name, fields, expected) => {
    expect(read(fields).faults.map(({ path, message }) => [path, message])).toEqual(expected);
  });

  it('takes the longest list there is', () => {
    expect(read({ name: 'b', words: leaves(10_000, 'a') })).toMatchObject({
      faults: [],
      value: { words: { length: 10_000 } },
    });
  });

  it.each([
    ['for a text', { name: trap() }],
    ['in a list for a text', { name: [trap()] }],
    ['in a list of texts', { name: 'b', words: [[trap()]] }],
    ['as an unknown field', { name: 'b', unknown: trap() }],
    ['in a list for an object', { name: 'b', bud: [trap()] }],
    ['past the end of a list', { name: 'b', leaves: leaves(201, trap()) }],
    ['in a list of lists', { name: 'b', leaves: [[trap()]] }],
  ])('does not look into what stands %s', (_name, fields) => {
    expect(read(fields).faults).toHaveLength(1);
  });

  it('does not look into what another reader checks', () => {
    const raw = trap();
    const { value, faults } = read({ name: 'b', raw });
    expect([faults, (value as Branch).raw === raw]).toEqual([[], true]);
  });

  it('makes nothing of a list that is too long', () => {
    made = 0;
    read({ name: 'b', leaves: leaves(201) });
    expect(made).toBe(0);
  });

  it('yields after each object, so that others go on in between', () => {
    expect(read({ name: 'b', leaves: leaves(200), bud: { size: 1 } }).steps).toBe(202);
  });

  it('tells of as many unknown fields as there may be faults', () => {
    const unknown = Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`k${i}`, i]));
    expect(read({ name: 'b', ...unknown }).faults).toHaveLength(MAX_FAULTS);
  });

  it('reads no further once there are enough faults', () => {
    expect(read({ name: 'b', words: leaves(10_000, 7) }).faults).toHaveLength(MAX_FAULTS);
    made = 0;
    expect(read({ name: 'b', leaves: leaves(200, {}) }).faults).toHaveLength(MAX_FAULTS);
    expect(made).toBe(MAX_FAULTS);
  });
});
