import type { AdGroupRecord, CreativeRecord } from '../../core/index/ad-group-record.js';
import { primaryLanguage } from '../../core/index/first-failure.js';
import { toUtf8Text, type Utf8Text } from '../../platform/http/utf8-text.js';

/** What differs from one placed message of a creative to the next. */
export interface Placing {
  readonly position: number;
  readonly token: string;
  /** As it is shown. */
  readonly expiresAt: string;
}

/** Tells the member that somebody paid for the message: every sponsored message carries it. */
const LABELS = { ko: '광고', en: 'Sponsored' } as const;

/** By label, what all messages of a creative share: nearly all that are placed were placed a moment ago. */
const shared = { ko: new WeakMap<CreativeRecord, Utf8Text>(), en: new WeakMap<CreativeRecord, Utf8Text>() };

/** Writes placed messages as the chat backend shows them, in the form that `MESSAGE` documents. */
export class MessageJson {
  private readonly clickUrl: Utf8Text;
  private readonly impressionUrl: Utf8Text;

  constructor(publicUrl: string) {
    this.clickUrl = begunString(`${publicUrl}/t/c/`);
    this.impressionUrl = begunString(`${publicUrl}/t/i/`);
  }

  /** `language`: the reader's. Tokens and times need no escapes. */
  write(
    record: AdGroupRecord,
    creative: CreativeRecord,
    { position, token, expiresAt }: Placing,
    language: string | null,
  ): Utf8Text {
    const label = language === null || primaryLanguage(language) === 'ko' ? 'ko' : 'en';
    const links = `"clickUrl":${this.clickUrl}${token}","impressionUrl":${this.impressionUrl}${token}"`;
    return `{"position":${position},${sharedFields(record, creative, label)},${links},"token":"${token}","expiresAt":"${expiresAt}"}`;
  }
}

function sharedFields(record: AdGroupRecord, creative: CreativeRecord, label: keyof typeof LABELS): Utf8Text {
  const known = shared[label].get(creative);
  if (known !== undefined) return known;
  const { id, senderName, title, body, imageUrl, callToAction } = creative;
  const json = JSON.stringify({
    label: LABELS[label],
    advertiserId: record.advertiserId,
    campaignId: record.campaignId,
    adGroupId: record.id,
    creativeId: id,
    senderName,
    title,
    body,
    imageUrl,
    callToAction,
  });
  const fields = toUtf8Text(json.slice(1, -1));
  shared[label].set(creative, fields);
  return fields;
}

/** A string as it begins in JSON. */
function begunString(text: string): Utf8Text {
  return toUtf8Text(JSON.stringify(text).slice(0, -1));
}
