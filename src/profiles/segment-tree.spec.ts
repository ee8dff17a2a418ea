import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { placeSegments, type TreeNode } from './segment-tree.js';

const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

const parentId = fc.option(fc.constantFrom(...IDS, 'nowhere'), { nil: null });
const given = fc.uniqueArray(fc.record({ id: fc.constantFrom(...IDS), parentId }), { selector: ({ id }) => id });
/** A forest: each node's parent comes before it. */
const forest = fc
  .shuffledSubarray(IDS)
  .chain((ids) =>
    fc.tuple(...ids.map((id, i) => fc.tuple(fc.constant(id), fc.option(fc.constantFrom(id, ...ids.slice(0, i)))))),
  )
  .map((pairs) => new Map(pairs.map(([id, parent]) => [id, parent === id ? null : parent])));

function isForest(catalogue: ReadonlyMap<string, string | null>): boolean {
  return [...catalogue.keys()].every((id) => {
    let ancestor: string | null | undefined = id;
    for (let steps = 0; ancestor !== null; steps++) {
      ancestor = catalogue.get(ancestor);
      if (ancestor === undefined || steps > catalogue.size) return false;
    }
    return true;
  });
}

describe('placeSegments', () => {
  it('always leaves a forest with every segment that it did not refuse in its place', () => {
    fc.assert(
      fc.property(forest, given, (before, nodes) => {
        const catalogue = new Map(before);
        const refused = placeSegments(nodes, catalogue);
        expect(isForest(catalogue)).toBe(true);
        for (const { id, parentId: parent } of nodes) {
          expect(catalogue.get(id)).toBe(refused.has(id) ? before.get(id) : parent);
        }
        expect(catalogue.size).toBe(
          new Set([...before.keys(), ...nodes.map(({ id }) => id)].filter((id) => catalogue.has(id))).size,
        );
      }),
    );
  });

  it('takes a new forest as a whole, in whatever order it comes', () => {
    fc.assert(
      fc.property(
        forest.chain((tree) =>
          fc.tuple(fc.constant(tree), fc.shuffledSubarray([...tree.keys()], { minLength: tree.size })),
        ),
        ([tree, order]) => {
          const nodes = order.map((id): TreeNode => ({ id, parentId: tree.get(id) ?? null }));
          const catalogue = new Map<string, string | null>();
          expect([...placeSegments(nodes, catalogue)]).toEqual([]);
          expect(catalogue).toEqual(tree);
        },
      ),
    );
  });

  it('refuses what hangs on a parent that never comes, and nothing else', () => {
    const nodes = [
      { id: 'a', parentId: 'nowhere' },
      { id: 'b', parentId: 'a' },
      { id: 'c', parentId: null },
      { id: 'd', parentId: 'c' },
    ];
    expect([...placeSegments(nodes, new Map())].sort()).toEqual(['a', 'b']);
  });

  it.each([
    ['of one', [{ id: 'a', parentId: 'a' }], []],
    [
      'of two new ones',
      [
        { id: 'a', parentId: 'b' },
        { id: 'b', parentId: 'a' },
      ],
      [],
    ],
    [
      'through stored ones',
      [{ id: 'a', parentId: 'c' }],
      [
        ['a', null],
        ['b', 'a'],
        ['c', 'b'],
      ],
    ],
  ] as [string, TreeNode[], [string, string | null][]][])('refuses a circle %s', (_name, nodes, stored) => {
    const catalogue = new Map(stored);
    expect(placeSegments(nodes, catalogue).size).toBe(nodes.length);
    expect(catalogue).toEqual(new Map(stored));
  });

  it('turns a stored branch over when its lines say so from the new root down', () => {
    const catalogue = new Map([
      ['a', null],
      ['b', 'a'],
    ] as [string, string | null][]);
    expect(
      placeSegments(
        [
          { id: 'b', parentId: null },
          { id: 'a', parentId: 'b' },
        ],
        catalogue,
      ).size,
    ).toBe(0);
    expect(catalogue).toEqual(
      new Map([
        ['b', null],
        ['a', 'b'],
      ]),
    );
  });
});
