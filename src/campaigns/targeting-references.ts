import { Injectable } from '@nestjs/common';
import { AudienceDirectory, SegmentCatalogue } from '../profiles/profiles.api.js';
import { missingReferences, type NamedTargeting } from './missing-references.js';
import { refuseFaults } from './refuse-faults.js';

/** Sees that targeting names only segments of the catalogue and audiences of its own advertiser. */
@Injectable()
export class TargetingReferences {
  constructor(
    private readonly segments: SegmentCatalogue,
    private readonly audiences: AudienceDirectory,
  ) {}

  /** Throws a 422 with the path of each place that names something unknown. Two look-ups, however many expressions. */
  async require(advertiserId: string, expressions: readonly NamedTargeting[]): Promise<void> {
    const segments = [...new Set(expressions.flatMap((expression) => expression.segments))];
    const audiences = [...new Set(expressions.flatMap((expression) => expression.audiences))];
    const [missingSegments, missingAudiences] = await Promise.all([
      segments.length === 0 ? [] : this.segments.missing(segments),
      audiences.length === 0 ? [] : this.audiences.missing(advertiserId, audiences),
    ]);
    if (missingSegments.length === 0 && missingAudiences.length === 0) return;
    const missing = { segments: new Set(missingSegments), audiences: new Set(missingAudiences) };
    refuseFaults(expressions.flatMap((expression) => missingReferences(expression, missing)));
  }
}
