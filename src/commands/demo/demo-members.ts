import { SeededRandom } from '../seeded-random.js';
import { ABROAD, OCCUPATIONS, REGIONS } from './content/people.js';
import { DEMO_SEGMENTS } from './content/segments.js';
import { DEMO_MEMBER } from './demo-member.js';

/** A line of `profiles/bulk`. */
export interface DemoProfile {
  readonly userId: string;
  readonly interests: Readonly<Record<string, number>>;
  readonly birthDate?: string;
  readonly birthYear?: number;
  readonly gender?: string;
  readonly country: string;
  readonly region?: string;
  readonly language: string;
  readonly timeZone: string;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly consent: { readonly personalized: boolean; readonly nightTime: boolean };
}

const ADDRESSABLE = DEMO_SEGMENTS.filter(({ sensitive }) => sensitive !== true);
const PARTS = ADDRESSABLE.filter(({ parentId }) => parentId !== undefined);

/** Interested in everything to some degree, so that most of the demo's campaigns mean this member. */
export const DEMO_MEMBER_PROFILE: DemoProfile = {
  userId: DEMO_MEMBER,
  interests: Object.fromEntries(ADDRESSABLE.map(({ id }, i) => [id, 0.5 + (i % 6) / 10])),
  birthDate: '1994-05-17',
  gender: 'female',
  country: 'KR',
  region: 'KR-11',
  language: 'ko',
  timeZone: 'Asia/Seoul',
  attributes: { occupation: 'engineer', subscriber: true, score: 0.8 },
  consent: { personalized: true, nightTime: true },
};

/** The members after the first one, up to `count` in all; each depends on the seed and its own number only. */
export function* demoMembers(seed: number, count: number): Generator<DemoProfile, void, undefined> {
  const popularity = new SeededRandom(`demo ${seed} popularity`).sample(PARTS, PARTS.length);
  for (let number = 2; number <= count; number++) {
    const random = new SeededRandom(`demo ${seed} member ${number}`);
    yield {
      userId: `demo-member-${number}`,
      interests: planInterests(random, popularity),
      ...planBirth(random),
      ...planGender(random),
      ...planPlace(random),
      attributes: planAttributes(random),
      consent: { personalized: random.chance(0.85), nightTime: random.chance(0.35) },
    };
  }
}

/** Few segments interest many, many interest few. Who likes a part of a topic likes the topic, a little less. */
function planInterests(random: SeededRandom, popularity: readonly { id: string; parentId?: string }[]) {
  const interests: Record<string, number> = {};
  for (let i = random.whole(2, 12); i > 0; i--) {
    const { id, parentId = id } = popularity[random.zipf(popularity.length)] ?? { id: 'food' };
    const weight = random.whole(10, 100) / 100;
    interests[id] = Math.max(interests[id] ?? 0, weight);
    interests[parentId] = Math.max(interests[parentId] ?? 0, Math.round(weight * 80) / 100);
  }
  return interests;
}

function planBirth(random: SeededRandom): { birthDate?: string; birthYear?: number } {
  const year = Math.round(Math.min(2011, Math.max(1945, 1988 + 13 * random.normal())));
  if (random.chance(0.08)) return {};
  if (random.chance(0.6)) return { birthYear: year };
  const [month, day] = [random.whole(1, 12), random.whole(1, 28)].map((part) => String(part).padStart(2, '0'));
  return { birthDate: `${year}-${month}-${day}` };
}

function planGender(random: SeededRandom): { gender?: string } {
  const gender = random.weighted([
    ['female', 47],
    ['male', 46],
    ['other', 1],
    [null, 6],
  ]);
  return gender === null ? {} : { gender };
}

function planPlace(random: SeededRandom): Pick<DemoProfile, 'country' | 'region' | 'language' | 'timeZone'> {
  if (random.chance(0.06)) return random.pick(ABROAD);
  const { code } = random.weighted(REGIONS.map((region) => [region, region.weight] as const));
  return { country: 'KR', region: code, language: random.chance(0.97) ? 'ko' : 'en', timeZone: 'Asia/Seoul' };
}

function planAttributes(random: SeededRandom): DemoProfile['attributes'] {
  const [occupation] = random.pick(OCCUPATIONS);
  return {
    ...(random.chance(0.6) ? { occupation } : {}),
    subscriber: random.chance(0.3),
    score: random.whole(0, 100) / 100,
  };
}
