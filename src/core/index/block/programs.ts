import { holds } from '../../targeting/evaluate-targeting.js';
import type { Predicate, Targeting } from '../../targeting/expression.js';
import type { Subject } from '../../targeting/subject.js';
import { predicateLooks } from '../../targeting/look-count.js';
import { type Conjunct, predicateKey } from './targeting-plan.js';
import type { TraitRows } from './trait-rows.js';

/** A longer one would cost more than the tree that it stands for; its ad group is evaluated by the tree. */
const MOST_INSTRUCTIONS = 256;

/** Where a jump goes that ends the program; all others are relative and forward. */
const REJECT = 0;
const ACCEPT = -1;

/** As long as programs are built, back to front, jumps are places in the list of instructions so far, or these. */
const TO_REJECT = -1;
const TO_ACCEPT = -2;

interface Instruction {
  readonly atom: number;
  readonly onTrue: number;
  readonly onFalse: number;
}

/** A place in `code`, or one of the programs that need none; `TREE`: too long, evaluate the expression. */
export type Program = number;
export const ALWAYS: Program = -1;
export const NEVER: Program = -2;
export const TREE: Program = -3;

/**
 * Expressions as short-circuit jump code over numbered predicates (Aho, Sethi, Ullman, "Compilers", on boolean expressions
 * by jumps). An instruction is two words: what to test (a predicate's number, or ~number of a segment of any weight), and
 * the jumps, the one taken when it holds in the high half. Each predicate is asked at most once a turn, by the same `holds`
 * as the tree, and remembered; segments are marked beforehand.
 */
export class Programs {
  private code = new Int32Array(1_024);
  private used = 0;
  private readonly predicates: Predicate[] = [];
  private readonly numbers = new Map<string, number>();
  /** Per predicate: turn × 2 + 1 where it was found to hold, turn × 2 where not. */
  private memo = new Int32Array(256);
  /** What was done in this turn, in the unit of `lookCount`; instructions, which are faster, count by eight. */
  looks = 0;
  private turn = 0;
  private subject: Subject | null = null;

  constructor(private readonly traits: TraitRows) {}

  get bytes(): number {
    return this.code.byteLength + this.memo.byteLength;
  }

  /** For conjuncts, all of which must be true. */
  compile(conjuncts: readonly Conjunct[]): Program {
    const instructions: Instruction[] = [];
    let entry = TO_ACCEPT;
    for (const { of, isNegated } of [...conjuncts].reverse()) {
      entry = this.emit(of, isNegated ? TO_REJECT : entry, isNegated ? entry : TO_REJECT, instructions);
      if (instructions.length > MOST_INSTRUCTIONS) return TREE;
    }
    if (entry < 0) return entry === TO_ACCEPT ? ALWAYS : NEVER;
    return this.append(instructions, entry);
  }

  /** `turn`: a number not used before, the same as the traits'. */
  begin(turn: number, subject: Subject): void {
    this.turn = turn;
    this.subject = subject;
    this.looks = 0;
  }

  forgetMemo(): void {
    this.memo.fill(0);
  }

  /** Whether the program at this place, not one of those without code, accepts the subject of this turn. */
  accepts(program: Program): boolean {
    const { code, memo, turn } = this;
    const { marks } = this.traits;
    for (let at = program; ;) {
      const atom = code[at]!;
      let isHeld: boolean;
      if (atom < 0) isHeld = marks[~atom] === turn;
      else isHeld = memo[atom]! >>> 1 === turn ? (memo[atom]! & 1) === 1 : this.ask(atom);
      const jumps = code[at + 1]!;
      const step = isHeld ? jumps >> 16 : (jumps << 16) >> 16;
      if (step <= 0) {
        this.looks += 1 + ((at - program) >> 4);
        return step === ACCEPT;
      }
      at += step * 2;
    }
  }

  private ask(atom: number): boolean {
    const predicate = this.predicates[atom]!;
    this.looks += predicateLooks(predicate);
    const isHeld = this.subject !== null && holds(predicate, this.subject);
    this.memo[atom] = this.turn * 2 + (isHeld ? 1 : 0);
    return isHeld;
  }

  /** Puts `of` before what is there and answers where it begins, a jump to take being given for each outcome. */
  private emit(of: Targeting, onTrue: number, onFalse: number, into: Instruction[]): number {
    if (into.length > MOST_INSTRUCTIONS) return onFalse;
    switch (of.kind) {
      case 'not':
        return this.emit(of.of, onFalse, onTrue, into);
      case 'all':
        return of.of.reduceRight((entry, part) => this.emit(part, entry, onFalse, into), onTrue);
      case 'any':
        return of.of.reduceRight((entry, part) => this.emit(part, onTrue, entry, into), onFalse);
      case 'segments':
        return of.ids.reduceRight(
          (entry, id) => into.push({ atom: this.segmentAtom(id, of.minWeight), onTrue, onFalse: entry }) - 1,
          onFalse,
        );
      default:
        return into.push({ atom: this.atomOf(of), onTrue, onFalse }) - 1;
    }
  }

  private segmentAtom(id: string, minWeight: number): number {
    return minWeight === 0 ? ~this.traits.numberOf(id) : this.atomOf({ kind: 'segments', ids: [id], minWeight });
  }

  private atomOf(predicate: Predicate): number {
    const key = predicateKey(predicate);
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const number = this.predicates.push(predicate) - 1;
    this.numbers.set(key, number);
    if (number >= this.memo.length) this.memo = doubled(this.memo);
    return number;
  }

  /** What comes before `entry` in the list is what is reached from it. */
  private append(instructions: readonly Instruction[], entry: number): Program {
    while (this.used + (entry + 1) * 2 > this.code.length) this.code = doubled(this.code);
    const program = this.used;
    for (let i = entry; i >= 0; i--) {
      const { atom, onTrue, onFalse } = instructions[i]!;
      this.code[this.used++] = atom;
      this.code[this.used++] = (stepTo(onTrue, i) << 16) | (stepTo(onFalse, i) & 0xffff);
    }
    return program;
  }
}

function stepTo(target: number, from: number): number {
  if (target === TO_ACCEPT) return ACCEPT;
  return target === TO_REJECT ? REJECT : from - target;
}

function doubled(words: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(words.length * 2);
  longer.set(words);
  return longer;
}
