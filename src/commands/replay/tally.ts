/** What a replay counts on its own side, to be held against what the server reports. */
export interface Decision {
  readonly requestId: string;
  readonly messages: readonly { readonly advertiserId: string; readonly adGroupId: string; readonly token: string }[];
  readonly noFill?: { readonly reason: string };
}

export interface Verdict {
  readonly status: 'accepted' | 'duplicate' | 'rejected';
  readonly code?: string;
}

export interface ReportedEvent {
  readonly type: 'impression' | 'click';
  readonly memberId: string;
  readonly adGroupId: string;
}

export interface EventCounts {
  impressions: number;
  clicks: number;
}

export class Tally {
  requests = 0;
  accepted = 0;
  duplicate = 0;
  /** Of each match request that was answered, in ms. */
  readonly latencies: number[] = [];
  /** Messages in a decision → decisions. */
  readonly decisions = new Map<number, number>();
  readonly noFill = new Map<string, number>();
  /** Code → events. */
  readonly rejected = new Map<string, number>();
  /** What went wrong → requests, of all kinds. */
  readonly failures = new Map<string, number>();
  /** Ad group id → its accepted events. */
  readonly events = new Map<string, EventCounts>();
  /** Member and ad group → accepted impressions. */
  private readonly exposures = new Map<string, number>();

  addDecision(decision: Decision, latencyMs: number): void {
    this.requests++;
    this.latencies.push(latencyMs);
    count(this.decisions, decision.messages.length);
    if (decision.messages.length === 0) count(this.noFill, decision.noFill?.reason ?? 'unknown');
  }

  /** A match request that was not answered. */
  addFailedRequest(code: string): void {
    this.requests++;
    count(this.failures, code);
  }

  addFailure(code: string): void {
    count(this.failures, code);
  }

  addVerdict({ type, memberId, adGroupId }: ReportedEvent, { status, code }: Verdict): void {
    if (status === 'rejected') return count(this.rejected, code ?? 'unknown');
    if (status === 'duplicate') {
      this.duplicate++;
      return;
    }
    this.accepted++;
    const counts = this.events.get(adGroupId) ?? { impressions: 0, clicks: 0 };
    this.events.set(adGroupId, counts);
    if (type === 'click') {
      counts.clicks++;
      return;
    }
    counts.impressions++;
    count(this.exposures, `${memberId} ${adGroupId}`);
  }

  /** Impressions → pairs of a member and an ad group that had as many. */
  frequencies(): ReadonlyMap<number, number> {
    const pairs = new Map<number, number>();
    for (const impressions of this.exposures.values()) count(pairs, impressions);
    return pairs;
  }
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
