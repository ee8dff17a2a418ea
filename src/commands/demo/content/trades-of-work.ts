import { brand, goods, say, service, type Trade } from './trade.js';

export const TRADES_OF_WORK: readonly Trade[] = [
  {
    topic: 'auto',
    brands: [
      brand('한빛전기차', 'Hanbit EV', 'auto.ev', 'auto.suv'),
      brand('바람길모터스', 'Windway Motors', 'auto.suv'),
      brand('조약돌중고차', 'Pebble Used Cars', 'auto.used'),
      brand('느린세차', 'Slow Car Wash', 'auto.care'),
    ],
    products: [
      goods(
        'auto.ev',
        ['소형 전기차', 'compact electric cars'],
        ['한 번 충전으로 420km를 달려요.', 'Up to 420 km on one charge.'],
      ),
      goods('auto.ev', ['집 충전기', 'home chargers'], ['주차장에 하루면 설치해요.', 'Installed within a day.']),
      goods('auto.suv', ['7인승 SUV', 'seven-seat SUVs'], ['온 가족이 넉넉하게 타요.', 'Room for the whole family.']),
      goods(
        'auto.used',
        ['검사받은 중고차', 'certified used cars'],
        ['150가지를 확인하고 팔아요.', 'Checked at 150 points.'],
      ),
      service(
        'auto.used',
        ['내 차 시세 조회', 'car price checks'],
        ['사진 다섯 장이면 값을 알려드려요.', 'Five photos, one fair price.'],
      ),
      service(
        'auto.care',
        ['손세차', 'hand car washes'],
        ['두 시간 동안 꼼꼼히 닦아요.', 'Two hours of careful hands.'],
      ),
      goods('auto.care', ['겨울 타이어', 'winter tires'], ['눈길에서도 든든해요.', 'Steady on snow.']),
    ],
    offers: [
      say('이번 주말, 가까운 곳에서 만나 보세요.', 'See it near you this weekend.'),
      say('예약하시면 커피를 대접해요.', 'Book a visit and have a coffee on us.'),
      say('이번 달에는 점검이 무료예요.', 'Free check-up this month.'),
      say('상담만 받으셔도 괜찮아요.', 'Just ask, no strings attached.'),
    ],
    calls: [say('예약하기', 'Book a visit'), say('견적 받기', 'Get a quote'), say('가까운 곳 찾기', 'Find us')],
  },
  {
    topic: 'tech',
    brands: [
      brand('반딧불전자', 'Firefly Electronics', 'tech.phone', 'tech.wearable'),
      brand('메아리오디오', 'Echo Hill Audio', 'tech.audio'),
      brand('손목연구소', 'Wrist Lab', 'tech.wearable'),
    ],
    products: [
      goods('tech.phone', ['작은 스마트폰', 'small smartphones'], ['한 손에 쏙 들어와요.', 'Made for one hand.']),
      goods('tech.phone', ['고속 충전기', 'fast chargers'], ['20분이면 절반이 차요.', 'Half full in twenty minutes.']),
      goods(
        'tech.audio',
        ['무선 이어폰', 'wireless earbuds'],
        ['주변 소리를 조용히 지워요.', 'They hush the world around you.'],
      ),
      goods(
        'tech.audio',
        ['거실 스피커', 'living room speakers'],
        ['나무로 만들어 소리가 따뜻해요.', 'Warm sound from real wood.'],
      ),
      goods(
        'tech.wearable',
        ['운동 시계', 'sports watches'],
        ['한 번 충전으로 2주를 써요.', 'Two weeks on one charge.'],
      ),
    ],
    offers: [
      say('쓰던 기기를 가져오시면 값을 쳐드려요.', 'Trade in your old one.'),
      say('12개월 무이자로 나눠 내세요.', 'Twelve payments, no interest.'),
      say('각인을 무료로 해드려요.', 'Free engraving.'),
    ],
    calls: [say('구매하기', 'Buy now'), say('비교하기', 'Compare'), say('체험 매장 찾기', 'Try it in a store')],
  },
  {
    topic: 'finance',
    brands: [
      brand('돼지저금통은행', 'Piggy Jar Bank', 'finance.saving'),
      brand('우산보험', 'Big Umbrella Insurance', 'finance.insurance'),
      brand('새싹투자', 'Seedling Investing', 'finance.investing'),
      brand('동전카드', 'Coin Trick Card', 'finance.card'),
    ],
    products: [
      service(
        'finance.saving',
        ['매일 적금', 'daily savings plans'],
        ['하루 1,000원부터 모아요.', 'From ₩1,000 a day.'],
      ),
      service(
        'finance.saving',
        ['여행 통장', 'travel savings accounts'],
        ['모을수록 이자가 올라가요.', 'The more you save, the more you earn.'],
      ),
      service(
        'finance.insurance',
        ['운전자 보험', 'driver insurance'],
        ['탄 만큼만 내요.', 'Pay only for what you drive.'],
      ),
      service(
        'finance.insurance',
        ['여행자 보험', 'travel insurance'],
        ['공항에서 3분이면 가입해요.', 'Three minutes at the airport.'],
      ),
      service(
        'finance.investing',
        ['소액 투자', 'small-step investing'],
        ['천 원으로 시작해요. 원금을 잃을 수 있어요.', 'Start small. Your capital is at risk.'],
      ),
      service(
        'finance.card',
        ['카페 할인 카드', 'café cards'],
        ['어느 카페든 10%를 돌려드려요.', '10% back in any café.'],
      ),
    ],
    offers: [
      say('신분증만 있으면 앱에서 바로 시작해요.', 'All you need is the app and your ID.'),
      say('상담원이 전화를 드려요.', 'An adviser will call you.'),
      say('5분이면 신청이 끝나요.', 'Done in five minutes.'),
    ],
    calls: [say('알아보기', 'Learn more'), say('상담 신청', 'Ask an adviser'), say('계산해 보기', 'Do the sums')],
  },
  {
    topic: 'education',
    brands: [
      brand('연필학원', 'Pencil Academy', 'education.exam'),
      brand('말문영어', 'First Words English', 'education.english'),
      brand('코딩텃밭', 'Coding Garden', 'education.coding'),
      brand('꼬마과학관', 'Little Science House', 'education.kids'),
    ],
    products: [
      service(
        'education.exam',
        ['자격증 속성반', 'certificate crash courses'],
        ['8주면 시험을 볼 수 있어요.', 'Ready for the exam in eight weeks.'],
      ),
      service(
        'education.english',
        ['전화 영어', 'English by phone'],
        ['하루 10분, 같은 선생님과 이야기해요.', 'Ten minutes a day with the same teacher.'],
      ),
      service(
        'education.english',
        ['여행 영어 수업', 'English for travelers'],
        ['떠나기 전 한 달이면 충분해요.', 'One month before you leave is enough.'],
      ),
      service(
        'education.coding',
        ['첫 코딩 수업', 'first coding classes'],
        ['한 달 뒤 나만의 앱을 만들어요.', 'Build your own app in a month.'],
      ),
      service(
        'education.coding',
        ['데이터 분석 강좌', 'data analysis courses'],
        ['퇴근 뒤 두 시간이면 돼요.', 'Two hours after work.'],
      ),
      service(
        'education.kids',
        ['주말 과학 교실', 'weekend science classes'],
        ['아이들이 직접 로켓을 쏘아요.', 'Children launch their own rockets.'],
      ),
    ],
    offers: [
      say('첫 수업은 무료로 들어 보세요.', 'Your first class is free.'),
      say('다 들으시면 수업료의 절반을 돌려드려요.', 'Finish it and get half of the fee back.'),
      say('이번 주에 등록하시면 교재를 드려요.', 'Enroll this week and get the books.'),
      say('친구와 함께 등록하면 더 저렴해요.', 'Cheaper with a friend.'),
    ],
    calls: [say('무료 수업 신청', 'Try a free class'), say('등록하기', 'Enroll'), say('강좌 보기', 'See the courses')],
  },
];
