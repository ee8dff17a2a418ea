import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isTimeZone } from '../../core/calendar/local-day.js';
import { COUNTRY_PATTERN, OS_PATTERN, REGION_PATTERN, VERSION_PATTERN } from '../../core/targeting/vocabulary.js';
import { type AuctionRequest, readAuctionRequest } from './auction-request.js';

const FIREFOX = 'Mozilla/5.0 (Windows NT 6.1; WOW64; rv:9.0.1) Gecko/20100101 Firefox/9.0.1,gzip(gfe)';

/** As an exchange writes it. */
function line(fields: object = {}): string {
  return JSON.stringify({
    exchange: 'dblclk_adx',
    host: 'racing.example',
    id: '16541750-35b6-4001-15e8-a82bbc185186',
    ip16: '184.9',
    language: 'en',
    location: { cityName: 'Richmond', countryCode: 'US', dma: 542, regionCode: 'IN', timezoneOffsetMinutes: -300 },
    path_depth: 3,
    protocolVersion: '0.2',
    provider: 'AdGear',
    restrictions: { clickUrl: ['shop.example'], creativeAttribute: [7, 22] },
    segments: {
      adgear: null,
      adxVerticals: [
        [18, 0.2048994302749634],
        [180, 0.3275895416736603],
      ],
    },
    spots: [{ formats: ['728x90'], id: '1', position: 'NONE', reservePrice: 0 }],
    timestamp: 1326240000.070272,
    user: 'u00004',
    userAgent: FIREFOX,
    ...fields,
  });
}

function read(fields: object = {}): AuctionRequest {
  const request = readAuctionRequest(line(fields));
  if (request === null) throw new Error('The line was taken for a malformed one');
  return request;
}

describe('readAuctionRequest', () => {
  it('reads what a match request can make use of', () => {
    expect(read()).toEqual({
      id: '16541750-35b6-4001-15e8-a82bbc185186',
      at: 1326240000070,
      user: 'u00004',
      verticals: [
        [18, 0.2048994302749634],
        [180, 0.3275895416736603],
      ],
      place: { country: 'US', region: 'US-IN', timeZone: 'America/New_York' },
      language: 'en',
      device: { os: 'windows', osVersion: '6.1', deviceType: 'desktop' },
    });
  });

  it('gives a bare vertical all the weight, and leaves out what is none', () => {
    expect(read({ segments: { adxVerticals: [263] } }).verticals).toEqual([[263, 1]]);
    const odd = [[3, 2], [4, 0], [5], ['6', 0.5], -7, null, [8, 0.25]];
    expect(read({ segments: { adxVerticals: odd } }).verticals).toEqual([
      [3, 1],
      [8, 0.25],
    ]);
    for (const segments of [undefined, null, { adgear: null }, { adxVerticals: 'none' }]) {
      expect(read({ segments }).verticals).toEqual([]);
    }
  });

  it('knows a request of nobody known', () => {
    for (const user of [undefined, null, '', 42]) expect(read({ user }).user).toBeNull();
  });

  it.each([
    ['not JSON', '{"id":'],
    ['a list', '[]'],
    ['a text', '"text"'],
    ['null', 'null'],
    ['no id', line({ id: undefined })],
    ['an id of several words', line({ id: 'a b' })],
    ['no timestamp', line({ timestamp: undefined })],
    ['a time in words', line({ timestamp: '2012-01-11' })],
    ['milliseconds', line({ timestamp: 1326240000070 })],
  ])('answers null for %s', (_what, text) => {
    expect(readAuctionRequest(text)).toBeNull();
  });

  it.each([
    ['minutes east of UTC, as most exchanges write them', { exchange: 'dblclk_adx', offset: -360 }, 'America/Chicago'],
    ['minutes west of UTC, as one writes them', { exchange: 'context_web', offset: 360 }, 'America/Chicago'],
    ['Newfoundland’s half hour', { exchange: 'dblclk_adx', offset: -210 }, 'America/St_Johns'],
    ['a whole hour elsewhere, with the signs of POSIX', { exchange: 'dblclk_adx', offset: 540 }, 'Etc/GMT-9'],
    ['none', { exchange: 'dblclk_adx', offset: 0 }, 'Etc/GMT'],
  ])('reads an offset of %s', (_what, { exchange, offset }, timeZone) => {
    const location = { countryCode: 'US', timezoneOffsetMinutes: offset };
    expect(read({ exchange, location }).place.timeZone).toBe(timeZone);
  });

  it.each([270, 330, -1095, 1500, 0.5])(
    'leaves out the zone of an offset that none has: %d',
    (timezoneOffsetMinutes) => {
      expect(read({ location: { countryCode: 'IR', timezoneOffsetMinutes } }).place).toEqual({ country: 'IR' });
    },
  );

  it('keeps ISO codes only', () => {
    const place = (countryCode: string, regionCode: string) => read({ location: { countryCode, regionCode } }).place;
    expect(place('CA', 'ON')).toEqual({ country: 'CA', region: 'CA-ON' });
    expect(place('GB', 'H9')).toEqual({ country: 'GB' });
    expect(place('JM', '08')).toEqual({ country: 'JM' });
    expect(place('A1', 'CA')).toEqual({});
    expect(place('EU', 'CA')).toEqual({});
  });

  it.each([
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 5_0_1 like Mac OS X) AppleWebKit/534.46',
      { os: 'ios', osVersion: '5.0.1', deviceType: 'phone' },
    ],
    [
      'Mozilla/5.0 (iPad; CPU OS 5_0_1 like Mac OS X) AppleWebKit/534.46',
      { os: 'ios', osVersion: '5.0.1', deviceType: 'tablet' },
    ],
    [
      'Mozilla/5.0 (Linux; U; Android 2.3.4; en-us; DROID BIONIC Build/5.5.1) AppleWebKit/533.1 Mobile Safari/533.1',
      { os: 'android', osVersion: '2.3.4', deviceType: 'phone' },
    ],
    ['Mozilla/5.0 (X11; CrOS i686 1193.158.0) AppleWebKit/535.7', { os: 'chromeos' }],
    ['nobody knows', {}],
    ['', {}],
    [null, {}],
  ])('knows the device of %j', (userAgent, device) => {
    expect(read({ userAgent }).device).toEqual(device);
  });

  it('takes any text for a line without failing, and lets through only what the API accepts', () => {
    const value = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.constant(null), fc.array(fc.anything()));
    const fields = fc.record(
      {
        user: value,
        language: value,
        userAgent: value,
        segments: fc.oneof(value, fc.record({ adxVerticals: fc.array(fc.oneof(value, fc.tuple(value, value))) })),
        location: fc.oneof(
          value,
          fc.record({
            countryCode: fc.string({ maxLength: 3 }),
            regionCode: fc.string({ maxLength: 3 }),
            timezoneOffsetMinutes: value,
          }),
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fields, (odd) => {
        const { place, device, verticals } = read(odd);
        expect(place.country ?? 'KR').toMatch(COUNTRY_PATTERN);
        expect(place.region ?? 'KR-11').toMatch(REGION_PATTERN);
        expect(isTimeZone(place.timeZone ?? 'UTC')).toBe(true);
        expect(device.os ?? 'ios').toMatch(OS_PATTERN);
        expect(device.osVersion ?? '1').toMatch(VERSION_PATTERN);
        for (const [id, weight] of verticals) expect(id >= 0 && weight > 0 && weight <= 1).toBe(true);
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => void readAuctionRequest(text)));
  });
});
