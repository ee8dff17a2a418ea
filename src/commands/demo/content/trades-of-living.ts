import { brand, goods, say, service, type Trade } from './trade.js';

export const TRADES_OF_LIVING: readonly Trade[] = [
  {
    topic: 'food',
    brands: [
      brand('달그락도시락', 'Dalgrak Lunchbox', 'food.delivery', 'food.grocery'),
      brand('구름계단커피', 'Cloud Stairs Coffee', 'food.coffee', 'food.dessert'),
      brand('쌀밥연구소', 'Warm Rice Lab', 'food.delivery', 'food.grocery'),
      brand('과일수레', 'Fruit Cart', 'food.grocery', 'food.dessert'),
    ],
    products: [
      goods(
        'food.delivery',
        ['집밥 도시락', 'home-style lunchboxes'],
        ['반찬이 매일 바뀌어요.', 'New side dishes every day.'],
      ),
      goods(
        'food.delivery',
        ['야식 한 상', 'late-night dinner sets'],
        ['밤 11시까지 따뜻하게 가져다드려요.', 'Delivered warm until 11 pm.'],
      ),
      goods(
        'food.coffee',
        ['드립백 커피', 'drip bag coffee'],
        ['어제 볶은 원두를 담았어요.', 'Packed with beans roasted yesterday.'],
      ),
      goods(
        'food.coffee',
        ['콜드브루 원액', 'cold brew'],
        ['열두 시간 천천히 내렸어요.', 'Brewed slowly for twelve hours.'],
      ),
      goods(
        'food.dessert',
        ['수제 케이크', 'handmade cakes'],
        ['주문을 받은 날 구워요.', 'Baked on the day that you order.'],
      ),
      goods(
        'food.grocery',
        ['제철 과일 상자', 'seasonal fruit boxes'],
        ['오늘 아침에 딴 과일만 골랐어요.', 'Only fruit picked this morning.'],
      ),
      goods(
        'food.grocery',
        ['새벽 장보기', 'early-bird groceries'],
        ['문 앞에 아침 7시까지 놓아드려요.', 'At your door by 7 am.'],
      ),
    ],
    offers: [
      say('첫 주문은 배송비를 받지 않아요.', 'Free delivery on your first order.'),
      say('이번 주에는 하나 더 드려요.', 'Buy one, get one this week.'),
      say('앱에서 주문하시면 3,000원을 깎아드려요.', '₩3,000 off when you order in the app.'),
      say('오후 2시 전에 주문하시면 오늘 받아요.', 'Order before 2 pm and get it today.'),
    ],
    calls: [say('주문하기', 'Order now'), say('메뉴 보기', 'See the menu'), say('쿠폰 받기', 'Get the coupon')],
  },
  {
    topic: 'home',
    brands: [
      brand('나무결가구', 'Woodgrain Furniture', 'home.interior'),
      brand('햇살가전', 'Sunbeam Appliances', 'home.appliance'),
      brand('베란다정원', 'Balcony Garden', 'home.garden', 'home.interior'),
      brand('포근이불', 'Cozy Blankets', 'home.interior'),
    ],
    products: [
      goods(
        'home.interior',
        ['원목 식탁', 'solid wood tables'],
        ['네 식구가 앉기에 딱 좋아요.', 'Just right for a family of four.'],
      ),
      goods(
        'home.interior',
        ['사계절 이불', 'all-season blankets'],
        ['가볍고 물세탁도 쉬워요.', 'Light, and easy to wash.'],
      ),
      goods(
        'home.appliance',
        ['조용한 청소기', 'quiet vacuum cleaners'],
        ['아기가 자는 동안에도 돌릴 수 있어요.', 'Clean while the baby sleeps.'],
      ),
      goods(
        'home.appliance',
        ['작은 공기청정기', 'compact air purifiers'],
        ['책상 위에 올려 두세요.', 'Small enough for your desk.'],
      ),
      goods(
        'home.garden',
        ['허브 화분 세트', 'herb garden kits'],
        ['물만 주면 잘 자라요.', 'They grow on water and light.'],
      ),
      goods(
        'home.garden',
        ['베란다 텃밭 상자', 'balcony vegetable boxes'],
        ['상추를 매주 따 드세요.', 'Pick fresh lettuce every week.'],
      ),
    ],
    offers: [
      say('주말까지 받아 보실 수 있어요.', 'Delivered by the weekend.'),
      say('한 달 써 보시고 마음에 안 들면 돌려주세요.', 'Try it for a month, or send it back.'),
      say('두 개를 사시면 10%를 깎아드려요.', '10% off when you buy two.'),
      say('선물 포장은 무료예요.', 'Gift wrapping is free.'),
    ],
    calls: [say('둘러보기', 'Look around'), say('구매하기', 'Buy now'), say('전시장 찾기', 'Find a showroom')],
  },
  {
    topic: 'family',
    brands: [
      brand('아기구름', 'Baby Cloud', 'family.baby'),
      brand('꼬리별', 'Happy Tail Pets', 'family.pet'),
      brand('자장가마을', 'Lullaby Village', 'family.baby', 'education.kids'),
    ],
    products: [
      goods('family.baby', ['순한 기저귀', 'gentle diapers'], ['밤새 보송보송해요.', 'Dry through the night.']),
      goods(
        'family.baby',
        ['유기농 이유식', 'organic baby food'],
        ['달마다 맞는 재료로 만들어요.', 'Made for each month of growth.'],
      ),
      goods(
        'family.pet',
        ['고양이 간식', 'cat treats'],
        ['첨가물 없이 생선만 말렸어요.', 'Dried fish and nothing else.'],
      ),
      goods(
        'family.pet',
        ['강아지 산책 용품', 'dog walking gear'],
        ['비 오는 날에도 걱정 없어요.', 'Ready for rainy days.'],
      ),
      goods(
        'education.kids',
        ['그림책 꾸러미', 'picture book bundles'],
        ['매달 다섯 권을 골라 보내드려요.', 'Five books picked for you each month.'],
      ),
    ],
    offers: [
      say('정기 배송은 언제나 15% 저렴해요.', 'Subscriptions are always 15% off.'),
      say('첫 달은 반값이에요.', 'Half price in the first month.'),
      say('마음에 안 드시면 돌려보내세요.', 'Send it back if it does not suit you.'),
    ],
    calls: [say('신청하기', 'Sign up'), say('구매하기', 'Buy now'), say('자세히 보기', 'Learn more')],
  },
  {
    topic: 'health',
    brands: [
      brand('비타민나무', 'Vitamin Tree', 'health.supplement'),
      brand('꿀잠베개', 'Honey Sleep', 'health.sleep'),
      brand('튼튼발걸음', 'Sturdy Steps', 'health.supplement', 'sports.fitness'),
    ],
    products: [
      goods('health.supplement', ['하루 비타민', 'daily vitamins'], ['하루 한 알이면 돼요.', 'One a day is enough.']),
      goods('health.supplement', ['발효 홍삼', 'fermented ginseng'], ['6년근만 담았어요.', 'Only six-year-old roots.']),
      goods('health.sleep', ['메모리폼 베개', 'memory foam pillows'], ['목이 편안해져요.', 'Easy on your neck.']),
      goods(
        'health.sleep',
        ['수면 조명', 'bedtime lights'],
        ['해가 지듯 천천히 어두워져요.', 'They dim like a sunset.'],
      ),
      service(
        'sports.fitness',
        ['집에서 하는 스트레칭 강좌', 'stretching classes at home'],
        ['하루 10분이면 충분해요.', 'Ten minutes a day will do.'],
      ),
    ],
    offers: [
      say('30일 동안 써 보고 결정하세요.', 'Decide after thirty days.', 'goods'),
      say('첫 주는 무료예요.', 'The first week is free.', 'service'),
      say('가족과 함께하시면 20%를 깎아드려요.', '20% off for families.'),
      say('오늘 주문하시면 내일 도착해요.', 'Order today, get it tomorrow.', 'goods'),
    ],
    calls: [say('체험하기', 'Try it'), say('구매하기', 'Buy now', 'goods'), say('자세히 보기', 'Learn more')],
  },
  {
    topic: 'beauty',
    brands: [
      brand('이슬방울', 'Dewdrop Lab', 'beauty.skincare'),
      brand('민낯화장대', 'Bare Face Vanity', 'beauty.makeup', 'beauty.skincare'),
      brand('머릿결상점', 'Hair & Shine Store', 'beauty.hair'),
    ],
    products: [
      goods('beauty.skincare', ['수분 크림', 'moisture cream'], ['하루 종일 촉촉해요.', 'Soft skin all day.']),
      goods(
        'beauty.skincare',
        ['순한 선크림', 'gentle sunscreen'],
        ['눈이 시리지 않아요.', 'It does not sting your eyes.'],
      ),
      goods(
        'beauty.makeup',
        ['가벼운 쿠션', 'light cushion foundation'],
        ['두드릴수록 맑아져요.', 'Clearer with every tap.'],
      ),
      goods('beauty.makeup', ['물빛 틴트', 'watery lip tints'], ['여섯 가지 빛깔이 있어요.', 'In six colors.']),
      goods('beauty.hair', ['약산성 샴푸', 'mild shampoo'], ['두피가 편안해요.', 'Kind to your scalp.']),
    ],
    offers: [
      say('체험 세트를 배송비만 받고 보내드려요.', 'Get the trial kit for the postage alone.'),
      say('다 쓴 통을 보내시면 새 제품을 깎아드려요.', 'Send back empties and save on refills.'),
      say('오늘 하루 30% 할인해요.', '30% off today only.'),
    ],
    calls: [
      say('체험 세트 받기', 'Get the kit'),
      say('나에게 맞는 제품 찾기', 'Find your match'),
      say('구매하기', 'Buy now'),
    ],
  },
];
