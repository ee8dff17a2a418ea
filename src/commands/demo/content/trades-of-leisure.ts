import { brand, goods, say, service, type Trade } from './trade.js';

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
      service(
        'travel.domestic',
        ['남해 기차 여행', 'train trips to the south coast'],
        ['창가 자리에서 바다를 보세요.', 'Watch the sea from your seat.'],
      ),
      service(
        'travel.domestic',
        ['제주 한 달 살기', 'month-long stays on Jeju'],
        ['귤밭 옆 작은 집이에요.', 'Small houses by the tangerine groves.'],
      ),
      service(
        'travel.overseas',
        ['주말 해외여행', 'weekend trips abroad'],
        ['금요일 밤에 떠나요.', 'Leave on Friday night.'],
      ),
      service(
        'travel.overseas',
        ['얼리버드 항공권', 'early-bird flights'],
        ['석 달 먼저 사면 훨씬 저렴해요.', 'Much cheaper three months ahead.'],
      ),
      service(
        'travel.hotel',
        ['도심 호텔 하룻밤', 'nights in the city'],
        ['오후 2시까지 쉬다 가세요.', 'Stay until 2 pm.'],
      ),
      goods('travel.camping', ['가벼운 텐트', 'light tents'], ['혼자서 5분이면 쳐요.', 'Up in five minutes, alone.']),
      service(
        'travel.camping',
        ['숲속 글램핑', 'glamping in the woods'],
        ['장비 없이 몸만 오세요.', 'Just bring yourself.'],
      ),
    ],
    offers: [
      say('평일에는 더 저렴해요.', 'Cheaper on weekdays.', 'service'),
      say('이번 달에 예약하시면 취소 수수료가 없어요.', 'Book this month and cancel for free.', 'service'),
      say('둘이 함께 가시면 한 분은 반값이에요.', 'Half price for your companion.', 'service'),
      say('무료로 배송해 드려요.', 'Free delivery.', 'goods'),
      say('한 번 써 보고 돌려보내셔도 돼요.', 'Try it once, return it if you like.', 'goods'),
    ],
    calls: [
      say('예약하기', 'Book now', 'service'),
      say('날짜 고르기', 'Pick a date', 'service'),
      say('구매하기', 'Buy now', 'goods'),
      say('자세히 보기', 'Learn more'),
    ],
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
      goods('sports.running', ['가벼운 러닝화', 'light running shoes'], ['한 짝이 200g이에요.', '200 grams each.']),
      service(
        'sports.running',
        ['10km 달리기 모임', '10 km running groups'],
        ['초보자도 함께 뛰어요.', 'Beginners are welcome.'],
      ),
      service(
        'sports.golf',
        ['연습장 한 달 이용권', 'monthly driving range passes'],
        ['새벽부터 밤까지 열어요.', 'Open from dawn to night.'],
      ),
      service(
        'sports.fitness',
        ['1대1 운동 지도', 'personal training'],
        ['몸에 맞게 천천히 가르쳐요.', 'At a pace that suits you.'],
      ),
      goods(
        'sports.baseball',
        ['야구 응원 용품', 'baseball fan gear'],
        ['주말 경기에 들고 가세요.', 'Ready for the weekend game.'],
      ),
      service(
        'sports.baseball',
        ['외야석 예매', 'outfield tickets'],
        ['가족이 나란히 앉아요.', 'Seats side by side for families.'],
      ),
      goods('sports.soccer', ['축구 유니폼', 'soccer jerseys'], ['이름을 새겨 드려요.', 'With your name on it.']),
    ],
    offers: [
      say('처음이시면 10%를 깎아드려요.', '10% off for newcomers.'),
      say('친구와 함께 오시면 두 분 다 할인해 드려요.', 'Bring a friend, both of you save.', 'service'),
      say('이번 주말까지만 20% 할인해요.', '20% off until this weekend.'),
      say('사이즈가 안 맞으면 바꿔 드려요.', 'We exchange sizes for free.', 'goods'),
    ],
    calls: [
      say('신청하기', 'Sign up', 'service'),
      say('구매하기', 'Buy now', 'goods'),
      say('가까운 매장 찾기', 'Find a store', 'goods'),
      say('자세히 보기', 'Learn more'),
    ],
  },
  {
    topic: 'game',
    brands: [
      brand('도토리게임즈', 'Acorn Games', 'game.mobile'),
      brand('픽셀숲', 'Pixel Forest', 'game.pc', 'game.console'),
      brand('주사위공방', 'Dice Workshop', 'game.mobile', 'game.console'),
    ],
    products: [
      service(
        'game.mobile',
        ['다람쥐 마을', 'Squirrel Town'],
        ['하루 5분, 나만의 마을을 가꿔요.', 'Five minutes a day for a town of your own.'],
      ),
      service(
        'game.mobile',
        ['세 칸 퍼즐', 'Three Row Puzzle'],
        ['퇴근길에 한 판 어때요?', 'One round on the way home?'],
      ),
      service(
        'game.pc',
        ['픽셀 모험 이야기', 'Pixel Voyage'],
        ['친구 넷이 함께 떠나요.', 'Set off with three friends.'],
      ),
      service(
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
      service('culture.movie', ['심야 영화', 'late-night movies'], ['자정에 불이 꺼져요.', 'Lights out at midnight.']),
      service(
        'culture.movie',
        ['이달의 독립영화', 'indie films of the month'],
        ['감독과 이야기도 나눠요.', 'With a talk by the director.'],
      ),
      goods(
        'culture.book',
        ['이달의 소설', 'novels of the month'],
        ['서점 직원 다섯 명이 골랐어요.', 'Picked by five booksellers.'],
      ),
      goods('culture.webtoon', ['새 연재 웹툰', 'new webtoons'], ['매주 화요일에 올라와요.', 'Every Tuesday.']),
      service(
        'culture.music',
        ['작은 공연', 'small concerts'],
        ['무대와 세 걸음 거리예요.', 'Three steps from the stage.'],
      ),
    ],
    offers: [
      say('이번 달에만 만날 수 있어요.', 'This month only.'),
      say('친구와 함께 보시면 더 저렴해요.', 'Cheaper with a friend.'),
      say('회원은 언제나 10% 할인해요.', 'Members always save 10%.'),
    ],
    calls: [
      say('예매하기', 'Get tickets', 'service'),
      say('보러 가기', 'Take a look'),
      say('미리 보기', 'Preview', 'goods'),
    ],
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
      goods('fashion.women', ['캐시미어 니트', 'cashmere knits'], ['가볍고 따뜻해요.', 'Light and warm.']),
      goods('fashion.women', ['출근용 재킷', 'work jackets'], ['주름이 잘 가지 않아요.', 'Hard to crease.']),
      goods('fashion.men', ['기본 셔츠', 'everyday shirts'], ['열두 가지 품에서 고르세요.', 'In twelve fits.']),
      goods(
        'fashion.shoes',
        ['편한 단화', 'comfortable flats'],
        ['만 보를 걸어도 편해요.', 'Easy for ten thousand steps.'],
      ),
      goods(
        'fashion.outdoor',
        ['방수 바람막이', 'rainproof windbreakers'],
        ['주먹만 하게 접혀요.', 'They fold to the size of a fist.'],
      ),
      goods('travel.camping', ['접이식 의자', 'folding chairs'], ['가방에 쏙 들어가요.', 'They fit in your bag.']),
    ],
    offers: [
      say('새 계절을 맞아 20% 할인해요.', '20% off for the new season.'),
      say('받아 보고 무료로 돌려보내셔도 돼요.', 'Try it at home, return it for free.'),
      say('세 개를 사시면 하나는 무료예요.', 'Three for the price of two.'),
      say('회원이 되시면 만 원을 드려요.', '₩10,000 when you become a member.'),
    ],
    calls: [
      say('쇼핑하기', 'Shop now'),
      say('새 상품 보기', 'See what is new'),
      say('가까운 매장 찾기', 'Find a store'),
    ],
  },
];
