import { describe, expect, it } from '@jest/globals';
import { type CreativeRow, editCreativeRow, newCreativeRow, toCreativeDto } from './creative-row.js';

const BARE = {
  senderName: '한빛',
  title: '시승',
  body: '주말에 오세요',
  callToAction: '예약',
  landingUrl: 'https://example.com',
};
const CONTENT = { ...BARE, imageUrl: 'https://example.com/i.png', language: 'ko' };

const approved: CreativeRow = { ...newCreativeRow({ dto: CONTENT, errors: [] }, 'adg_1', 0), status: 'approved' };
const rejected: CreativeRow = { ...approved, status: 'rejected', rejection_reason: '과장' };

describe('a creative', () => {
  it('waits for its review when it is new', () => {
    expect(toCreativeDto(newCreativeRow({ dto: CONTENT, errors: [] }, 'adg_1', 0))).toMatchObject({
      ...CONTENT,
      status: 'pending',
      version: 1,
    });
  });

  it.each(Object.keys(CONTENT).filter((field) => field !== 'language'))(
    'is reviewed again when its %s changes',
    (field) => {
      for (const row of [approved, rejected]) {
        expect(editCreativeRow(row, { [field]: 'https://example.com/other' }, [])).toMatchObject({
          status: 'pending',
          rejection_reason: null,
        });
      }
    },
  );

  it('is reviewed again when its picture is taken away', () => {
    expect(editCreativeRow(approved, { imageUrl: null }, [])).toMatchObject({ status: 'pending', image_url: null });
  });

  it.each([[{}], [CONTENT], [{ title: CONTENT.title }], [{ language: 'en' }], [{ language: null }]])(
    'keeps its review when %j changes nothing that the member sees',
    (update) => {
      expect(editCreativeRow(approved, update, []).status).toBe('approved');
      expect(editCreativeRow(rejected, update, [])).toMatchObject({ status: 'rejected', rejection_reason: '과장' });
    },
  );

  it('leaves out of an answer what it does not have', () => {
    const answer = toCreativeDto(newCreativeRow({ dto: BARE, errors: [] }, 'adg_1', 0));
    for (const field of ['imageUrl', 'language', 'rejectionReason']) expect(answer).not.toHaveProperty(field);
  });
});
