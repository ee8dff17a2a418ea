const idOf = (what: string, example: string) => ({ type: 'string', description: `Id of the ${what}`, example });
const textOf = (description: string, example: string) => ({ type: 'string', description, example });

export const MESSAGE = {
  type: 'object',
  properties: {
    position: {
      type: 'integer',
      description: '0-based index in the list as shown, sponsored messages included',
      example: 1,
    },
    label: textOf('Must be shown with the message: tells that it is paid for', '광고'),
    advertiserId: idOf('advertiser', 'adv_01KANQ8Y3V5T6W7X8Y9Z0A1B2C'),
    campaignId: idOf('campaign', 'cmp_01KANQ8Y3V5T6W7X8Y9Z0A1B2C'),
    adGroupId: idOf('ad group', 'adg_01KANQ8Y3V5T6W7X8Y9Z0A1B2C'),
    creativeId: idOf('creative', 'crv_01KANQ8Y3V5T6W7X8Y9Z0A1B2C'),
    senderName: textOf('Who the message comes from', '한빛전기차'),
    title: textOf('Headline', '이번 주말, 전기차를 타 보세요'),
    body: textOf('Text of the message', '가까운 전시장에서 30분 시승을 예약할 수 있습니다.'),
    imageUrl: { type: ['string', 'null'], description: 'Picture, if any', example: 'https://cdn.example.com/ev.png' },
    callToAction: textOf('Text of the button', '시승 예약'),
    clickUrl: textOf('Opens the landing page and counts the click', 'https://match.example.com/t/c/k1.…'),
    impressionUrl: textOf('A pixel that counts the impression', 'https://match.example.com/t/i/k1.…'),
    token: textOf('Goes back with the events of this message', 'k1.01KANQ8Y3V5T6W7X8Y9Z0A1B2C.1~…'),
    expiresAt: {
      type: 'string',
      format: 'date-time',
      description: 'Impressions and clicks are taken until then',
      example: '2026-11-22T09:10:00.000Z',
    },
  },
};

/** What `writeDecision` writes. */
export const MATCH_ANSWER = {
  type: 'object',
  properties: {
    requestId: textOf("The request's, or a new one", '5f0c2b1e-6d'),
    messages: { type: 'array', description: 'Sponsored messages by position', items: MESSAGE },
    noFill: {
      type: 'object',
      description: 'Only where there are no messages',
      properties: {
        reason: {
          type: 'string',
          enum: ['placement', 'no_candidates', 'frequency_cap', 'unavailable', 'deadline'],
          description: 'Why',
          example: 'no_candidates',
        },
      },
    },
    refreshAfterSeconds: { type: 'integer', description: 'When to ask anew, in seconds', example: 300 },
  },
};
