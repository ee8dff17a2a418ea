import type { ValueTransformer } from 'typeorm';

/** `timestamptz` ↔ epoch milliseconds, the one form of time inside the product. */
export const epochMs: ValueTransformer = {
  to: (value: number | null | undefined) => (typeof value === 'number' ? new Date(value) : value),
  from: (value: Date | null) => (value === null ? null : value.getTime()),
};
