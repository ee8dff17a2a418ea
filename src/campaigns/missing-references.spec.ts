import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatTargeting } from '../core/targeting/format-targeting.js';
import { parseTargeting } from '../core/targeting/parse-targeting.js';
import { arbitraryTargeting } from '../../test/properties/arbitraries/targeting.js';
import { missingReferences } from './missing-references.js';

/** What stands at a path such as `targeting.all[0].segments[1]`. */
function valueAt(input: unknown, path: string): unknown {
  const steps = path
    .replaceAll(/\[(\d+)\]/g, '.$1')
    .split('.')
    .slice(1);
  return steps.reduce((value, step) => (value as Record<string, unknown>)[step], input);
}

/** Every id that the expression names, as often as it does; found in its text, not by walking it. */
function occurrences(input: unknown, ids: ReadonlySet<string>, keys: readonly string[]): number {
  let found = 0;
  JSON.stringify(input, (key, value: unknown) => {
    if (!keys.includes(key)) return value;
    for (const id of Array.isArray(value) ? value : [value]) if (ids.has(id as string)) found++;
    return value;
  });
  return found;
}

describe('missingReferences', () => {
  it('reports each place that names a missing id, and no other', () => {
    fc.assert(
      fc.property(arbitraryTargeting, fc.func(fc.boolean()), (targeting, isMissing) => {
        const input = formatTargeting(targeting);
        const parsed = parseTargeting(input);
        if (!parsed.ok) throw new Error('the arbitrary expression is not valid');
        const { segments, audiences } = parsed.references;
        const missing = {
          segments: new Set(segments.filter(isMissing)),
          audiences: new Set(audiences.filter(isMissing)),
        };
        const errors = missingReferences({ path: 'targeting', input, segments, audiences }, missing);
        for (const { path, message } of errors) {
          const id = valueAt(input, path) as string;
          expect(path.endsWith('.audience') ? missing.audiences : missing.segments).toContain(id);
          expect(message).toContain(`'${id}'`);
        }
        expect(new Set(errors.map(({ path }) => path)).size).toBe(errors.length);
        expect(errors).toHaveLength(
          occurrences(input, missing.segments, ['segment', 'segments']) +
            occurrences(input, missing.audiences, ['audience']),
        );
      }),
    );
  });

  it('takes an absent expression for one without names', () => {
    const missing = { segments: new Set(['a']), audiences: new Set(['b']) };
    for (const input of [undefined, null, {}]) {
      expect(missingReferences({ path: 'targeting', input, segments: [], audiences: [] }, missing)).toEqual([]);
    }
  });
});
