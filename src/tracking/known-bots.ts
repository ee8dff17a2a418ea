import { createIsbotFromList, list } from 'isbot';

/**
 * Programs that say in `User-Agent` that they are no person: crawlers, link previewers, monitors, headless browsers. The
 * list is isbot's. It also takes whatever is short or names an HTTP library for a bot; but that is how the apps of members
 * without a browser ask for pixels and pages (okhttp, "Messenger/25.1"). So the patterns that would take one of these
 * for a bot are left out. A user agent with an address in it tells people whom to ask about a crawler.
 */
const CLIENTS = [
  'okhttp/4.12.0',
  'Messenger/25.1.0',
  'MESSENGER 25.1.0',
  'Messenger/2501 CFNetwork/1568.100.1 Darwin/24.0.0',
  'com.example.messenger/2501 (Linux; U; Android 14; ko_KR; SM-S921N)',
  'Dalvik/2.1.0 (Linux; U; Android 14; SM-S921N Build/UP1A.231005.007)',
  'Alamofire/5.9.1',
  'Dart/3.3 (dart:io)',
  'Java/17.0.10',
  'Apache-HttpClient/4.5.14 (Java/17.0.10)',
  'axios/1.7.2',
  'node',
  'undici',
  'curl/8.5.0',
  'Go-http-client/1.1',
  'python-requests/2.32.3',
];

const isListed = createIsbotFromList([
  ...list.filter((pattern) => !CLIENTS.some((client) => new RegExp(pattern, 'i').test(client))),
  'https?://',
]);

/** Longer ones are cut before they are looked at. */
const MAX_LENGTH = 512;

export function isKnownBot(userAgent: string | undefined): boolean {
  return userAgent !== undefined && isListed(userAgent.slice(0, MAX_LENGTH));
}

/** A browser or previewer that asks before anybody looks says so in one of these headers. */
export function isPrefetch(headers: Readonly<Record<string, string | string[] | undefined>>): boolean {
  const purposes = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].map((name) => String(headers[name] ?? ''));
  return purposes.some((purpose) => /prefetch|preview|prerender/i.test(purpose));
}
