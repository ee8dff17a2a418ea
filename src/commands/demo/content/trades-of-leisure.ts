import { brand, product, say, type Trade } from './trade.js';

export const TRADES_OF_LEISURE: readonly Trade[] = [
  {
    topic: 'travel',
    brands: [
      brand('나침반여행', 'Compass Tours', 'travel.overseas', 'travel.domestic'),
      brand('별밤캠핑', 'Starry Night Camping', 'travel.camping'),
      brand('쉼표호텔', 'Comma Hotels', 'travel.hotel'),
      brand('종이비행기', 'Paper Plane Fares', 'travel.overseas'),
    ],
    products: [
      product(
        'travel.domestic',
        ['남해 기차 여행', 'train trips to the south coast'],
        ['창가 자리에서 바다를 보세요.', 'Watch the sea from your seat.'],
      ),
      product(
        'travel.domestic',
        ['제주 한 달 살기', 'month-long stays on Jeju'],
        ['귤밭 옆 작은 집이에요.', 'Small houses by the tangerine groves.'],
      ),
      product(
        'travel.overseas',
        ['주말 해외여행', 'weekend trips abroad'],
        ['금요일 밤에 떠나요.', 'Leave on Friday night.'],
      ),
      product(
        'travel.overseas',
        ['얼리버드 항공권', 'early-bird flights'],
        ['석 달 먼저 사면 훨씬 저렴해요.', 'Much cheaper three months ahead.'],
      ),
      product(
        'travel.hotel',
        ['도심 호텔 하룻밤', 'nights in the city'],
        ['오후 2시까지 쉬다 가세요.', 'Stay until 2 pm.'],
      ),
      product('travel.camping', ['가벼운 텐트', 'light tents'], ['혼자서 5분이면 쳐요.', 'Up in five minutes, alone.']),
      product(
        'travel.camping',
        ['숲속 글램핑', 'glamping in the woods'],
        ['장비 없이 몸만 오세요.', 'Just bring yourself.'],
      ),
    ],
    offers: [
      say('평일에는 하룻밤을 더 드려요.', 'One more night free on weekdays.'),
      say('이번 달에 예약하시면 취소 수수료가 없어요.', 'Book this month and cancel for free.'),
      say('둘이 함께 가면 한 분은 반값이에요.', 'Half price for your companion.'),
      say('조식이 들어 있어요.', 'Breakfast is included.'),
    ],
    calls: [say('예약하기', 'Book now'), say('날짜 고르기', 'Pick a date'), say('일정 보기', 'See the trips')],
  },
  {
    topic: 'sports',
    brands: [
      brand('한걸음러닝', 'One Step Running', 'sports.running'),
      brand('초록필드', 'Green Field Golf', 'sports.golf'),
      brand('땀방울체육관', 'Sweatdrop Gym', 'sports.fitness'),
      brand('응원석', 'Cheering Seat', 'sports.baseball', 'sports.soccer'),
    ],
    products: [
      product('sports.running', ['가벼운 러닝화', 'light running shoes'], ['한 짝이 200g이에요.', '200 grams each.']),
      product(
        'sports.running',
        ['10km 달리기 모임', '10 km running groups'],
        ['초보자도 함께 뛰어요.', 'Beginners are welcome.'],
      ),
      product(
        'sports.golf',
        ['연습장 한 달 이용권', 'monthly driving range passes'],
        ['새벽부터 밤까지 열어요.', 'Open from dawn to night.'],
      ),
      product(
        'sports.fitness',
        ['1대1 운동 지도', 'personal training'],
        ['몸에 맞게 천천히 가르쳐요.', 'At a pace that suits you.'],
      ),
      product(
        'sports.baseball',
        ['야구 응원 용품', 'baseball fan gear'],
        ['주말 경기에 들고 가세요.', 'Ready for the weekend game.'],
      ),
      product(
        'sports.baseball',
        ['외야석 예매', 'outfield tickets'],
        ['가족이 나란히 앉아요.', 'Seats side by side for families.'],
      ),
      product('sports.soccer', ['축구 유니폼', 'soccer jerseys'], ['이름을 새겨 드려요.', 'With your name on it.']),
    ],
    offers: [
      say('첫 방문은 무료예요.', 'Your first visit is free.'),
      say('친구와 함께 오시면 둘 다 할인해요.', 'Bring a friend, both of you save.'),
      say('이번 주말까지만 20% 할인해요.', '20 % off until this weekend.'),
      say('사이즈가 안 맞으면 바꿔 드려요.', 'We exchange sizes for free.'),
    ],
    calls: [say('신청하기', 'Join'), say('예매하기', 'Get tickets'), say('가까운 매장 찾기', 'Find a store')],
  },
  {
    topic: 'game',
    brands: [
      brand('도토리게임즈', 'Acorn Games', 'game.mobile'),
      brand('픽셀숲', 'Pixel Forest', 'game.pc', 'game.console'),
      brand('주사위공방', 'Dice Workshop', 'game.mobile', 'game.console'),
    ],
    products: [
      product(
        'game.mobile',
        ['다람쥐 마을', 'Squirrel Town'],
        ['하루 5분, 나만의 마을을 가꿔요.', 'Five minutes a day for a town of your own.'],
      ),
      product(
        'game.mobile',
        ['세 칸 퍼즐', 'Three Row Puzzle'],
        ['퇴근길에 한 판 어때요?', 'One round on the way home?'],
      ),
      product(
        'game.pc',
        ['픽셀 모험 이야기', 'Pixel Voyage'],
        ['친구 넷이 함께 떠나요.', 'Set off with three friends.'],
      ),
      product(
        'game.console',
        ['우주 요리사', 'Space Cooks'],
        ['거실에서 온 가족이 즐겨요.', 'Fun for the whole living room.'],
      ),
    ],
    offers: [
      say('사전 등록하시면 꾸미기 상자를 드려요.', 'Sign up early and get a bonus box.'),
      say('이번 주말에는 무료로 해 보세요.', 'Free to play this weekend.'),
      say('새 계절이 시작됐어요.', 'A new season has begun.'),
    ],
    calls: [say('지금 하기', 'Play now'), say('사전 등록', 'Sign up early'), say('영상 보기', 'Watch the video')],
  },
  {
    topic: 'culture',
    brands: [
      brand('팝콘극장', 'Popcorn Theater', 'culture.movie'),
      brand('책갈피서점', 'Bookmark Books', 'culture.book'),
      brand('말풍선웹툰', 'Speech Bubble Toons', 'culture.webtoon', 'culture.music'),
    ],
    products: [
      product('culture.movie', ['심야 영화', 'late-night movies'], ['자정에 불이 꺼져요.', 'Lights out at midnight.']),
      product(
        'culture.movie',
        ['이달의 독립영화', 'indie films of the month'],
        ['감독과 이야기도 나눠요.', 'With a talk by the director.'],
      ),
      product(
        'culture.book',
        ['이달의 소설', 'novels of the month'],
        ['서점 직원 다섯 명이 골랐어요.', 'Picked by five booksellers.'],
      ),
      product('culture.webtoon', ['새 연재 웹툰', 'new webtoons'], ['매주 화요일에 올라와요.', 'Every Tuesday.']),
      product(
        'culture.music',
        ['작은 공연', 'small concerts'],
        ['무대와 세 걸음 거리예요.', 'Three steps from the stage.'],
      ),
    ],
    offers: [
      say('두 장을 사시면 한 장을 더 드려요.', 'Buy two, get one free.'),
      say('첫 세 편은 무료예요.', 'The first three are free.'),
      say('회원은 언제나 10% 할인해요.', 'Members always save 10 %.'),
    ],
    calls: [say('예매하기', 'Get tickets'), say('보러 가기', 'Take a look'), say('무료로 보기', 'Start for free')],
  },
  {
    topic: 'fashion',
    brands: [
      brand('실타래옷장', 'Yarn Wardrobe', 'fashion.women'),
      brand('발자국신발', 'Footprint Shoes', 'fashion.shoes'),
      brand('산너머', 'Over the Hill Outdoor', 'fashion.outdoor', 'travel.camping'),
      brand('단추가게', 'The Button Shop', 'fashion.men', 'fashion.women'),
    ],
    products: [
      product('fashion.women', ['캐시미어 니트', 'cashmere knits'], ['가볍고 따뜻해요.', 'Light and warm.']),
      product('fashion.women', ['출근용 재킷', 'work jackets'], ['주름이 잘 가지 않아요.', 'Hard to crease.']),
      product('fashion.men', ['기본 셔츠', 'everyday shirts'], ['열두 가지 품에서 고르세요.', 'In twelve fits.']),
      product(
        'fashion.shoes',
        ['편한 단화', 'comfortable flats'],
        ['만 보를 걸어도 편해요.', 'Easy for ten thousand steps.'],
      ),
      product(
        'fashion.outdoor',
        ['방수 바람막이', 'rainproof windbreakers'],
        ['주먹만 하게 접혀요.', 'They fold to the size of a fist.'],
      ),
      product('travel.camping', ['접이식 의자', 'folding chairs'], ['가방에 쏙 들어가요.', 'They fit in your bag.']),
    ],
    offers: [
      say('새 계절을 맞아 20% 할인해요.', '20 % off for the new season.'),
      say('입어 보고 무료로 돌려보내세요.', 'Try it on, return it for free.'),
      say('세 벌을 사시면 한 벌은 무료예요.', 'Three for the price of two.'),
      say('회원이 되시면 만 원을 드려요.', '₩10,000 when you become a member.'),
    ],
    calls: [say('쇼핑하기', 'Shop now'), say('새 옷 보기', 'See what is new'), say('내 사이즈 찾기', 'Find your size')],
  },
];
