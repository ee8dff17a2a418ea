/** The demo's catalogue of interests: fourteen topics, and what they are made of. */
export interface SegmentPlan {
  readonly id: string;
  readonly name: { readonly ko: string; readonly en: string };
  readonly parentId?: string;
  readonly sensitive?: boolean;
}

type Names = readonly [ko: string, en: string];

const TOPICS: Readonly<Record<string, { readonly names: Names; readonly parts: Readonly<Record<string, Names>> }>> = {
  auto: {
    names: ['자동차', 'Cars'],
    parts: {
      ev: ['전기차', 'Electric cars'],
      suv: ['SUV', 'SUVs'],
      used: ['중고차', 'Used cars'],
      care: ['차량 관리', 'Car care'],
    },
  },
  food: {
    names: ['음식', 'Food'],
    parts: {
      delivery: ['배달 음식', 'Food delivery'],
      coffee: ['커피', 'Coffee'],
      dessert: ['디저트', 'Desserts'],
      grocery: ['장보기', 'Groceries'],
    },
  },
  fashion: {
    names: ['패션', 'Fashion'],
    parts: {
      women: ['여성 의류', "Women's clothing"],
      men: ['남성 의류', "Men's clothing"],
      shoes: ['신발', 'Shoes'],
      outdoor: ['아웃도어', 'Outdoor wear'],
    },
  },
  beauty: {
    names: ['뷰티', 'Beauty'],
    parts: {
      skincare: ['피부 관리', 'Skin care'],
      makeup: ['화장', 'Make-up'],
      hair: ['헤어', 'Hair'],
    },
  },
  travel: {
    names: ['여행', 'Travel'],
    parts: {
      domestic: ['국내 여행', 'Domestic travel'],
      overseas: ['해외여행', 'Travel abroad'],
      hotel: ['호텔', 'Hotels'],
      camping: ['캠핑', 'Camping'],
    },
  },
  sports: {
    names: ['스포츠', 'Sports'],
    parts: {
      baseball: ['야구', 'Baseball'],
      soccer: ['축구', 'Soccer'],
      running: ['달리기', 'Running'],
      golf: ['골프', 'Golf'],
      fitness: ['운동', 'Fitness'],
    },
  },
  game: {
    names: ['게임', 'Games'],
    parts: {
      mobile: ['모바일 게임', 'Mobile games'],
      pc: ['PC 게임', 'PC games'],
      console: ['콘솔 게임', 'Console games'],
    },
  },
  finance: {
    names: ['금융', 'Finance'],
    parts: {
      saving: ['저축', 'Savings'],
      investing: ['투자', 'Investing'],
      card: ['신용카드', 'Credit cards'],
      insurance: ['보험', 'Insurance'],
    },
  },
  education: {
    names: ['교육', 'Education'],
    parts: {
      english: ['영어', 'English'],
      coding: ['코딩', 'Coding'],
      kids: ['어린이 교육', "Children's education"],
      exam: ['시험·자격증', 'Exams and certificates'],
    },
  },
  home: {
    names: ['집', 'Home'],
    parts: {
      interior: ['인테리어', 'Interior'],
      appliance: ['가전', 'Appliances'],
      garden: ['식물·정원', 'Plants and gardens'],
    },
  },
  tech: {
    names: ['기술', 'Technology'],
    parts: {
      phone: ['스마트폰', 'Smartphones'],
      audio: ['오디오', 'Audio'],
      wearable: ['웨어러블', 'Wearables'],
    },
  },
  culture: {
    names: ['문화', 'Culture'],
    parts: {
      movie: ['영화', 'Movies'],
      music: ['음악', 'Music'],
      book: ['책', 'Books'],
      webtoon: ['웹툰', 'Webtoons'],
    },
  },
  family: {
    names: ['가족', 'Family'],
    parts: {
      baby: ['육아', 'Babies'],
      pet: ['반려동물', 'Pets'],
    },
  },
  health: {
    names: ['건강', 'Health'],
    parts: {
      supplement: ['건강식품', 'Supplements'],
      sleep: ['수면', 'Sleep'],
      clinic: ['병원·진료', 'Clinics and treatment'],
    },
  },
};

/** What a person would rather not be addressed by: no campaign and no member of the demo names it. */
const SENSITIVE: ReadonlySet<string> = new Set(['health.clinic']);

export const DEMO_SEGMENTS: readonly SegmentPlan[] = Object.entries(TOPICS).flatMap(([topic, { names, parts }]) => [
  { id: topic, name: named(names) },
  ...Object.entries(parts).map(([part, partNames]) => ({
    id: `${topic}.${part}`,
    name: named(partNames),
    parentId: topic,
    ...(SENSITIVE.has(`${topic}.${part}`) ? { sensitive: true } : {}),
  })),
]);

function named([ko, en]: Names): SegmentPlan['name'] {
  return { ko, en };
}
