import Bowser from 'bowser';

/** What a user agent tells of a device, in the words of match contexts. */
export interface Device {
  readonly os?: string;
  readonly osVersion?: string;
  readonly deviceType?: 'phone' | 'tablet' | 'desktop' | 'tv' | 'other';
}

const DEVICE_TYPES: Readonly<Record<string, NonNullable<Device['deviceType']>>> = {
  mobile: 'phone',
  tablet: 'tablet',
  desktop: 'desktop',
  tv: 'tv',
  bot: 'other',
};

/** Longer than any browser's own; what is behind it tells nothing of the device. */
const MAX_USER_AGENT = 1_000;
const VERSION = /\d{1,9}(?:\.\d{1,9}){0,5}/;

export function readDevice(userAgent: unknown): Device {
  if (typeof userAgent !== 'string' || userAgent === '') return {};
  const parsed = Bowser.getParser(userAgent.slice(0, MAX_USER_AGENT), true);
  const { name = '', version = '' } = parsed.parseOS();
  const os = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '');
  // 'NT 6.1' is 6.1.
  const osVersion = VERSION.exec(version)?.[0];
  const deviceType = DEVICE_TYPES[parsed.parsePlatform().type ?? ''];
  return {
    ...(os === '' ? {} : { os: os.slice(0, 32) }),
    ...(osVersion === undefined ? {} : { osVersion }),
    ...(deviceType === undefined ? {} : { deviceType }),
  };
}
