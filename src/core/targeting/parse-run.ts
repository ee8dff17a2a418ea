/**
 * What one run of the targeting parser gathers: errors, references, and the count of nodes. Every reader answers null
 * exactly when it, or something below it, has reported an error here.
 */
import type { FieldError } from '../field-error.js';
import { MAX_TARGETING_ERRORS, MAX_TARGETING_NODES, MAX_TARGETING_VALUES } from './targeting-limits.js';

export class ParseRun {
  readonly errors: FieldError[] = [];
  readonly segments = new Set<string>();
  readonly audiences = new Set<string>();
  private nodes = 0;
  private values = 0;

  /** Reports an error while there is room for it; the null is for the reader to return. */
  reject(path: string, message: string): null {
    if (this.errors.length < MAX_TARGETING_ERRORS) this.errors.push({ path, message });
    return null;
  }

  /** Counts a node; false, with one error reported, once the expression has too many. */
  enterNode(path: string): boolean {
    this.nodes++;
    if (this.nodes === MAX_TARGETING_NODES + 1) {
      this.reject(path, `is one node too many: an expression has at most ${MAX_TARGETING_NODES} nodes`);
    }
    return this.nodes <= MAX_TARGETING_NODES;
  }

  /** Counts the values of a list; false, with an error reported, where the expression has too many. */
  enterList(values: number, path: string): boolean {
    const before = this.values;
    this.values += values;
    if (before <= MAX_TARGETING_VALUES && this.values > MAX_TARGETING_VALUES) {
      this.reject(path, `is too long: the lists of an expression have at most ${MAX_TARGETING_VALUES} values in all`);
    }
    return this.values <= MAX_TARGETING_VALUES;
  }

  /** True once nothing more would be reported: the rest of the input need not be read. */
  get stopped(): boolean {
    return (
      this.errors.length >= MAX_TARGETING_ERRORS ||
      this.nodes > MAX_TARGETING_NODES ||
      this.values > MAX_TARGETING_VALUES
    );
  }
}
