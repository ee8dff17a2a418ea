import type { Readable } from 'node:stream';
import { isWireRecord } from '../core/field-error.js';
import type { CalendarDay } from '../core/targeting/completed-years.js';
import { invalid } from '../platform/app-error.js';
import { MAX_LINE_BYTES, type NdjsonLine, readLines } from '../platform/http/ndjson.js';
import { latestDate, parseProfile, unknownSegmentErrors } from './profile-input.js';
import { PROFILE_ENTRY_LIMITS } from './profile-limits.js';
import { type EncodedProfile, encodeProfile, type ProfileStore } from './profile-store.js';
import type { SegmentCatalogue } from './profiles.api.js';
import {
  MAX_REJECTED_LINES,
  type RejectedLine,
  readJsonLine,
  rejectLine,
  stoppedAt,
  type UploadResult,
} from './upload-verdicts.js';
import { isUserId, USER_ID_MESSAGE } from './user-id.js';

/** Lines that one statement writes: larger chunks gained nothing in measurements, and hold their rows' locks longer. */
const CHUNK_LINES = 1_000;
/** Long lines fill a chunk sooner, so that an upload takes the same memory whatever it sends. */
const CHUNK_BYTES = 1024 * 1024;

/** Encoded at once: a thousand parsed profiles that live until their chunk is full cost more than all their parsing. */
interface ValidLine {
  readonly line: number;
  readonly profile: EncodedProfile;
  /** Segments that this upload has not met before. */
  readonly newSegments: readonly string[];
}

/**
 * Takes one upload of profiles from its stream to the table. Each chunk is one statement, so that an upload which breaks
 * off, or a database that goes away, leaves whole chunks; sending the upload again is harmless. While Postgres writes one
 * chunk, the next one is read and checked; no more than these two are in memory. The last valid line of a member wins.
 */
export class ProfileUpload {
  private readonly today: CalendarDay;
  private readonly rejected: RejectedLine[] = [];
  private readonly knownSegments = new Set<string>();
  private readonly erased = new Set<string>();
  private accepted = 0;
  private chunk: ValidLine[] = [];
  private chunkBytes = 0;
  private writing: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly store: ProfileStore,
    private readonly segments: SegmentCatalogue,
    private readonly now: number,
  ) {
    this.today = latestDate(now);
  }

  async read(stream: Readable): Promise<UploadResult> {
    try {
      for await (const line of readLines(stream, MAX_LINE_BYTES)) {
        if (this.rejected.length >= MAX_REJECTED_LINES) this.stop();
        if (this.stopped) break;
        this.take(line);
        const full = this.chunk.length >= CHUNK_LINES || this.chunkBytes >= CHUNK_BYTES;
        if (full || this.rejected.length >= MAX_REJECTED_LINES) await this.flush();
      }
      if (!this.stopped) await this.flush();
      await this.writing;
    } finally {
      // A chunk under way is waited for, so that nothing of this upload happens after its answer.
      await this.writing.catch(() => undefined);
    }
    return { accepted: this.accepted, rejected: this.rejected };
  }

  /** From now on nothing is written of this member; resolves when what is being written is written. */
  async leaveOut(userId: string): Promise<void> {
    this.erased.add(userId);
    await this.writing.catch(() => undefined);
  }

  private take(line: NdjsonLine): void {
    try {
      this.chunk.push(this.check(line));
      this.chunkBytes += line.bytes?.length ?? 0;
    } catch (error) {
      this.rejected.push(rejectLine(line.line, error));
    }
  }

  private check(line: NdjsonLine): ValidLine {
    const input = readJsonLine(line, MAX_LINE_BYTES, PROFILE_ENTRY_LIMITS);
    const { userId, ...fields } = isWireRecord(input) ? input : {};
    const parsed = parseProfile(isWireRecord(input) ? fields : input, this.today);
    const errors = parsed.ok ? [] : parsed.errors;
    if (!isUserId(userId) && isWireRecord(input))
      throw invalid([{ path: 'userId', message: USER_ID_MESSAGE }, ...errors]);
    if (!parsed.ok) throw invalid(errors);
    const newSegments = parsed.segments.filter((segment) => !this.knownSegments.has(segment));
    return { line: line.line, profile: encodeProfile(userId as string, parsed.profile), newSegments };
  }

  /** Asks for the chunk's segments together, rejects the lines that name unknown ones, and lets the rest be written. */
  private async flush(): Promise<void> {
    const chunk = this.chunk;
    this.chunk = [];
    this.chunkBytes = 0;
    const newSegments = new Set(chunk.flatMap((line) => line.newSegments));
    const unknown = new Set(newSegments.size === 0 ? [] : await this.segments.missing([...newSegments]));
    for (const segment of newSegments) if (!unknown.has(segment)) this.knownSegments.add(segment);
    const known = unknown.size === 0 ? chunk : chunk.filter((line) => this.namesKnownSegments(line, unknown));
    const lines = this.cutOff(known);
    await this.writing;
    if (lines.length === 0) return;
    this.accepted += lines.length;
    this.writing = this.store.putAll(this.lastOfEachMember(lines), this.now);
    // It is awaited before the next chunk and at the end; until then a failure must not count as unhandled.
    this.writing.catch(() => undefined);
  }

  private namesKnownSegments(line: ValidLine, unknown: ReadonlySet<string>): boolean {
    const errors = unknownSegmentErrors(line.newSegments, unknown);
    if (errors.length === 0) return true;
    this.rejected.push(rejectLine(line.line, invalid(errors)));
    return false;
  }

  /** Segments are checked after later lines were read: what lies behind the last rejection that counts is left undone. */
  private cutOff(lines: ValidLine[]): ValidLine[] {
    this.rejected.sort((one, other) => one.line - other.line);
    const last = this.rejected[MAX_REJECTED_LINES - 1]?.line;
    if (last === undefined) return lines;
    const before = lines.filter(({ line }) => line < last);
    if (this.rejected.length > MAX_REJECTED_LINES || before.length < lines.length) this.stop();
    return before;
  }

  private stop(): void {
    this.stopped = true;
    this.rejected.length = MAX_REJECTED_LINES;
    const last = this.rejected.at(-1)?.line ?? 0;
    this.rejected.push(stoppedAt(last + 1));
  }

  private lastOfEachMember(lines: readonly ValidLine[]): EncodedProfile[] {
    const members = new Map(lines.map(({ profile }) => [profile.userId, profile]));
    for (const userId of this.erased) members.delete(userId);
    return [...members.values()];
  }
}
