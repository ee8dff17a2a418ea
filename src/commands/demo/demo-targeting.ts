import type { DayPartsPlan, TargetingPlan } from '../campaign-plan.js';
import type { SeededRandom } from '../seeded-random.js';
import { DEMO_SEGMENTS } from './content/segments.js';
import { OCCUPATIONS, REGIONS } from './content/people.js';

/** To whom the demo's ad groups speak, and when: the kinds of targeting that advertisers really buy, in a mix. */
export interface Target {
  /** In words, for the ad group's name. */
  readonly label: string;
  readonly targeting: TargetingPlan;
}

const DECADES = [20, 30, 40, 50];
const EVERY_DAY = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const WEEKDAYS = EVERY_DAY.slice(0, 5);

type Kind = (segment: string, random: SeededRandom) => Target;

const interested: Kind = (segment, random) => ({
  label: `${nameOf(segment)} 관심`,
  targeting: { segment, minWeight: random.stepped(1, 5, 1) / 10 },
});

const interestedInTopic: Kind = (segment) => {
  const topic = topicOf(segment);
  const parts = DEMO_SEGMENTS.filter(({ parentId, sensitive }) => parentId === topic && sensitive !== true);
  return { label: `${nameOf(topic)} 전체`, targeting: { segments: [topic, ...parts.map(({ id }) => id)] } };
};

const interestedAtAge: Kind = (segment, random) => {
  const min = random.pick(DECADES);
  return {
    label: `${nameOf(segment)} · ${min}대`,
    targeting: { all: [{ segment }, { age: { min, max: min + 9 } }] },
  };
};

const interestedWoman: Kind = (segment) => ({
  label: `${nameOf(segment)} · 여성`,
  targeting: { all: [{ segment, minWeight: 0.2 }, { gender: ['female'] }] },
});

const interestedNearby: Kind = (segment, random) => {
  const region = random.weighted(REGIONS.map((candidate) => [candidate, candidate.weight] as const));
  return {
    label: `${nameOf(segment)} · ${region.ko}`,
    targeting: { all: [{ segment }, { region: [region.code] }] },
  };
};

const newcomer: Kind = (segment) => ({
  label: `${nameOf(topicOf(segment))} 관심 · ${nameOf(segment)} 제외`,
  targeting: { all: [{ segment: topicOf(segment) }, { not: { segment, minWeight: 0.6 } }] },
});

const inRegion: Kind = (_segment, random) => {
  const region = random.weighted(REGIONS.map((candidate) => [candidate, candidate.weight] as const));
  return { label: `${region.ko} 지역`, targeting: { all: [{ country: ['KR'] }, { region: [region.code] }] } };
};

const atWork: Kind = (segment, random) => {
  const [value, ko] = random.pick(OCCUPATIONS);
  return {
    label: `${ko} · ${nameOf(topicOf(segment))}`,
    targeting: { all: [{ attribute: 'occupation', in: [value] }, { segment: topicOf(segment) }] },
  };
};

const onDevice: Kind = (_segment, random) => {
  const os = random.pick(['android', 'ios']);
  return {
    label: `${os} 새 버전`,
    targeting: { all: [{ os: [os] }, { osVersion: { min: os === 'ios' ? '16.0' : '13' } }] },
  };
};

const speakingEnglish: Kind = () => ({
  label: '영어 사용',
  targeting: { any: [{ language: ['en'] }, { country: ['US', 'GB'] }] },
});

const KINDS: readonly (readonly [Kind, number])[] = [
  [interested, 30],
  [interestedInTopic, 14],
  [interestedAtAge, 14],
  [interestedWoman, 6],
  [interestedNearby, 10],
  [newcomer, 6],
  [inRegion, 6],
  [atWork, 6],
  [onDevice, 4],
  [speakingEnglish, 4],
];

export function chooseTarget(segment: string, random: SeededRandom): Target {
  return random.weighted(KINDS)(segment, random);
}

const DAY_PARTS: readonly DayPartsPlan[] = [
  { clock: 'member', windows: [{ days: EVERY_DAY, from: '11:00', to: '14:00' }] },
  {
    clock: 'member',
    windows: [
      { days: WEEKDAYS, from: '07:30', to: '09:30' },
      { days: WEEKDAYS, from: '18:00', to: '20:30' },
    ],
  },
  { clock: 'advertiser', windows: [{ days: ['sat', 'sun'], from: '09:00', to: '21:00' }] },
  { clock: 'advertiser', windows: [{ days: EVERY_DAY, from: '18:00', to: '24:00' }] },
];

/** Most serve at all hours; null stands for them. */
export function chooseDayParts(random: SeededRandom): DayPartsPlan | null {
  return random.chance(0.15) ? random.pick(DAY_PARTS) : null;
}

function topicOf(segment: string): string {
  return segment.split('.')[0] ?? segment;
}

function nameOf(segment: string): string {
  return DEMO_SEGMENTS.find(({ id }) => id === segment)?.name.ko ?? segment;
}
