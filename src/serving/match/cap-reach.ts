import { Injectable } from '@nestjs/common';
import { PlacementsService } from '../placements/placements.service.js';
import { LiveIndex } from '../upkeep/live-index.js';

/** How far back in time the caps and load rules in use reach: nothing before has to be kept of any member. */
@Injectable()
export class CapReach {
  constructor(
    private readonly index: LiveIndex,
    private readonly placements: PlacementsService,
  ) {}

  get longestMs(): number {
    return Math.max(this.index.capReachMs, this.placements.capReachMs);
  }
}
