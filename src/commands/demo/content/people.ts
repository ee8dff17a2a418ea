/** Where the demo's members live and what they do. Weights follow the sizes of the regions' populations, roughly. */
export interface RegionPlan {
  /** ISO 3166-2. */
  readonly code: string;
  readonly ko: string;
  readonly weight: number;
}

export const REGIONS: readonly RegionPlan[] = [
  { code: 'KR-11', ko: '서울', weight: 18 },
  { code: 'KR-26', ko: '부산', weight: 6.4 },
  { code: 'KR-27', ko: '대구', weight: 4.6 },
  { code: 'KR-28', ko: '인천', weight: 5.8 },
  { code: 'KR-29', ko: '광주', weight: 2.8 },
  { code: 'KR-30', ko: '대전', weight: 2.8 },
  { code: 'KR-31', ko: '울산', weight: 2.1 },
  { code: 'KR-50', ko: '세종', weight: 0.8 },
  { code: 'KR-41', ko: '경기', weight: 26.5 },
  { code: 'KR-42', ko: '강원', weight: 3 },
  { code: 'KR-43', ko: '충북', weight: 3.1 },
  { code: 'KR-44', ko: '충남', weight: 4.1 },
  { code: 'KR-45', ko: '전북', weight: 3.4 },
  { code: 'KR-46', ko: '전남', weight: 3.5 },
  { code: 'KR-47', ko: '경북', weight: 5 },
  { code: 'KR-48', ko: '경남', weight: 6.3 },
  { code: 'KR-49', ko: '제주', weight: 1.3 },
];

/** Value of the attribute, and its Korean word. */
export const OCCUPATIONS: readonly (readonly [value: string, ko: string])[] = [
  ['engineer', '개발자'],
  ['teacher', '교사'],
  ['nurse', '간호사'],
  ['student', '학생'],
  ['designer', '디자이너'],
  ['shopkeeper', '자영업자'],
  ['office', '사무직'],
];

export interface Abroad {
  readonly country: string;
  readonly region?: string;
  readonly language: string;
  readonly timeZone: string;
}

export const ABROAD: readonly Abroad[] = [
  { country: 'US', region: 'US-CA', language: 'en', timeZone: 'America/Los_Angeles' },
  { country: 'US', region: 'US-NY', language: 'en', timeZone: 'America/New_York' },
  { country: 'GB', language: 'en-GB', timeZone: 'Europe/London' },
  { country: 'JP', region: 'JP-13', language: 'ja', timeZone: 'Asia/Tokyo' },
  { country: 'VN', language: 'vi', timeZone: 'Asia/Ho_Chi_Minh' },
];
