import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { AppError, type FieldError, invalid, notFound } from '../platform/app-error.js';
import { requireVersion } from '../platform/http/if-match.js';
import type { StoredProfile } from './interest-profile.js';
import { latestDate, mergeProfile, parsePatch, parseProfile, unknownSegmentErrors } from './profile-input.js';
import { ProfileStore } from './profile-store.js';
import { ProfileUpload } from './profile-upload.js';
import { SegmentCatalogue } from './profiles.api.js';
import type { UploadResult } from './upload-verdicts.js';

/** A change that one request asks for: of whose profile, with which body, from which version (null: from any), when. */
export interface ProfileChange {
  readonly userId: string;
  readonly body: unknown;
  readonly seen: number | null;
  readonly now: number;
}

/** Interest profiles one by one and in uploads. */
@Injectable()
export class ProfilesService {
  private readonly uploads = new Set<ProfileUpload>();

  constructor(
    private readonly store: ProfileStore,
    private readonly segments: SegmentCatalogue,
  ) {}

  async read(userId: string): Promise<StoredProfile> {
    const profile = await this.store.find(userId);
    if (profile === null) throw notFound('profile of', userId);
    return profile;
  }

  async put({ userId, body, seen, now }: ProfileChange): Promise<StoredProfile> {
    const { profile } = await this.accept(parseProfile(body, latestDate(now)));
    if (seen === null) return this.store.put({ userId, profile }, now);
    return this.store.transaction(userId, async (tx) => {
      requireSeen(seen, await this.store.lock(tx, userId));
      return this.store.put({ userId, profile }, now, tx);
    });
  }

  async patch({ userId, body, seen, now }: ProfileChange): Promise<StoredProfile> {
    const { patch } = await this.accept(parsePatch(body, latestDate(now)));
    return this.store.transaction(userId, async (tx) => {
      const stored = await this.store.lock(tx, userId);
      if (stored === null) throw notFound('profile of', userId);
      requireSeen(seen, stored);
      const merged = mergeProfile(stored, patch);
      if (!merged.ok) throw invalid(merged.errors);
      return this.store.put({ userId, profile: merged.profile }, now, tx);
    });
  }

  /**
   * Erasing whom nobody knows is done at once, too: a repeat gets the same answer. An upload that runs in this process
   * while a member is erased does not bring the member back; one that runs in another process may.
   */
  async erase(userId: string): Promise<void> {
    await Promise.all([...this.uploads].map((upload) => upload.leaveOut(userId)));
    await this.store.erase(userId);
  }

  async upload(stream: Readable, now: number): Promise<UploadResult> {
    const upload = new ProfileUpload(this.store, this.segments, now);
    this.uploads.add(upload);
    try {
      return await upload.read(stream);
    } finally {
      this.uploads.delete(upload);
    }
  }

  private async accept<T extends { readonly ok: true; readonly segments: readonly string[] }>(
    parsed: T | { readonly ok: false; readonly errors: readonly FieldError[] },
  ): Promise<T> {
    if (!parsed.ok) throw invalid(parsed.errors);
    const errors = unknownSegmentErrors(parsed.segments, new Set(await this.segments.missing(parsed.segments)));
    if (errors.length > 0) throw invalid(errors);
    return parsed;
  }
}

function requireSeen(seen: number | null, stored: StoredProfile | null): void {
  if (stored !== null) return requireVersion(seen, stored.version);
  throw new AppError(
    412,
    'version_mismatch',
    'There is no such profile any more; send it without If-Match to create it.',
  );
}
