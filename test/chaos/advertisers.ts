import { setTimeout as pause } from 'node:timers/promises';
import { micros } from '../../src/commands/campaign-plan.js';
import type { SeededRandom } from '../../src/commands/seeded-random.js';
import type { ApiAddress } from './chat-client.js';
import type { ClientRecord } from './record.js';
import type { TimeLine } from './time-line.js';

/** Whom the advertisers' edits are about. */
export interface EditedCatalogue {
  readonly toppedUpAdvertiserId: string;
  readonly topUpMicros: number;
  readonly editedCampaignId: string;
  readonly firstBudgetMicros: number;
  readonly pausedCampaignId: string;
}

interface Office {
  readonly apis: readonly ApiAddress[];
  readonly key: string;
  readonly record: ClientRecord;
  readonly timeLine: TimeLine;
  readonly random: SeededRandom;
}

const TIMEOUT_MS = 5_000;
const RETRY_MS = 300;

/** Advertisers at work during the run: they pay in, change a budget up and down, pause and resume. */
export class Advertisers {
  private credits = 0;
  private budgetMicros: number;
  private isPaused = false;

  constructor(
    private readonly catalogue: EditedCatalogue,
    private readonly office: Office,
  ) {
    this.budgetMicros = catalogue.firstBudgetMicros;
  }

  async work(untilMs: number): Promise<void> {
    const { random } = this.office;
    while (Date.now() < untilMs) {
      await pause(random.whole(1_000, 3_000));
      await random.pick([() => this.payIn(), () => this.changeBudget(), () => this.pauseOrResume()])();
    }
  }

  private async payIn(): Promise<void> {
    const { toppedUpAdvertiserId: id, topUpMicros: amountMicros } = this.catalogue;
    const reference = `top-up ${++this.credits}`;
    await this.insist('POST', `/v1/advertisers/${id}/credits`, { amountMicros, reference });
    this.office.record.addCredit(id, amountMicros);
    this.office.timeLine.note(`a balance is topped up by ${amountMicros / micros(1)}`);
  }

  /** By version: a try that a frozen process carries out later, after the next change, must not undo that one. */
  private async changeBudget(): Promise<void> {
    const { random, record, timeLine } = this.office;
    const formerMicros = this.budgetMicros;
    const campaignId = this.catalogue.editedCampaignId;
    const path = `/v1/campaigns/${campaignId}`;
    const dailyMicros = Math.ceil(formerMicros * (random.chance(0.5) ? 0.6 : 1.5));
    const sentAt = Date.now();
    for (;;) {
      const { version, budget } = (await this.insist('GET', path)) as {
        version: number;
        budget: { dailyMicros: number };
      };
      if (budget.dailyMicros === dailyMicros) break;
      await this.attempt('PATCH', path, { body: { budget: { dailyMicros } }, headers: { 'if-match': `"${version}"` } });
    }
    const change = { campaignId, formerMicros, budgetMicros: dailyMicros, sentAt, answeredAt: Date.now() };
    record.budgetChanges.push(change);
    timeLine.note(`a daily budget goes from ${formerMicros / micros(1)} to ${dailyMicros / micros(1)}`);
    this.budgetMicros = dailyMicros;
  }

  private async pauseOrResume(): Promise<void> {
    const { pausedCampaignId } = this.catalogue;
    this.office.record.pausedCampaigns.add(pausedCampaignId);
    await this.insist('POST', `/v1/campaigns/${pausedCampaignId}/${this.isPaused ? 'activate' : 'pause'}`);
    this.isPaused = !this.isPaused;
    this.office.timeLine.note(`a campaign is ${this.isPaused ? 'paused' : 'resumed'}`);
  }

  /** Until it is done: each of these changes nothing when it comes twice. */
  private async insist(method: string, path: string, body?: object): Promise<unknown> {
    for (;;) {
      const answer = await this.attempt(method, path, { body });
      // 409: done by an attempt before, whose answer was lost.
      if (answer !== null && (answer.status < 300 || answer.status === 409)) return answer.body;
      if (answer !== null && answer.status < 500) throw new Error(`${method} ${path} was answered by ${answer.status}`);
      await pause(RETRY_MS);
    }
  }

  /** Null where no answer came. */
  private async attempt(
    method: string,
    path: string,
    { body, headers = {} }: { readonly body?: object | undefined; readonly headers?: Readonly<Record<string, string>> },
  ): Promise<{ readonly status: number; readonly body: unknown } | null> {
    const { apis, key, random } = this.office;
    try {
      const response = await fetch(random.pick(apis).url + path, {
        method,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
    } catch {
      return null;
    }
  }
}
