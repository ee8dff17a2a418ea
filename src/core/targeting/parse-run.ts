/**
 * What one run of the targeting parser gathers: errors, references, and the count of nodes. Every reader answers null
 * exactly when it, or something below it, has reported an error here.
 */
import type { FieldError } from '../field-error.js';
import { MAX_TARGETING_ERRORS, MAX_TARGETING_NODES } from './targeting-limits.js';

export class ParseRun {
  readonly errors: FieldError[] = [];
  readonly segments = new Set<string>();
  readonly audiences = new Set<string>();
  private nodes = 0;

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

  /** True once nothing more would be reported: the rest of the input need not be read. */
  get stopped(): boolean {
    return this.errors.length >= MAX_TARGETING_ERRORS || this.nodes > MAX_TARGETING_NODES;
  }
}
