import { Readable } from 'node:stream';
import { isWireRecord } from '../core/field-error.js';
import { AppError, type FieldError, invalid } from '../platform/app-error.js';
import { type NdjsonLine, readLines } from '../platform/http/ndjson.js';
import { RequestValidationPipe } from '../platform/http/validation.pipe.js';
import { AudienceMembersDto } from './audience.dto.js';
import {
  MAX_REJECTED_LINES,
  type RejectedLine,
  readJsonLine,
  rejectLine,
  type UploadResult,
} from './upload-verdicts.js';
import { isUserId, USER_ID_MESSAGE } from './user-id.js';

/** Some 40 MB at the longest ids: the list is held until its last line is read, so that it changes as a whole. */
export const MAX_AUDIENCE_LINES = 200_000;
/** A user id at its full length, with room for JSON around it. */
const MAX_MEMBER_LINE_BYTES = 512;

/** Members that an advertiser sent, each once, and what the answer says of the lines. */
export interface AudienceUpload {
  readonly userIds: ReadonlySet<string>;
  readonly result: UploadResult;
}

const validation = new RequestValidationPipe();

/**
 * Reads a list of members to its end before anything is written: a slow sender holds no connection to Postgres, and one
 * that breaks off changes nothing. Throws AppError where the list can't be taken as a whole.
 */
export async function readAudienceMembers(body: unknown): Promise<AudienceUpload> {
  if (body instanceof Readable) return readMemberLines(body);
  const dto = (await validation.transform(body, { type: 'body', metatype: AudienceMembersDto })) as AudienceMembersDto;
  return { userIds: new Set(dto.userIds), result: { accepted: dto.userIds.length, rejected: [] } };
}

async function readMemberLines(stream: Readable): Promise<AudienceUpload> {
  const userIds = new Set<string>();
  const rejected: RejectedLine[] = [];
  let accepted = 0;
  for await (const line of readLines(stream, MAX_MEMBER_LINE_BYTES)) {
    if (accepted >= MAX_AUDIENCE_LINES) throw tooLarge();
    try {
      userIds.add(readMember(line));
      accepted += 1;
    } catch (error) {
      rejected.push(rejectLine(line.line, error));
      if (rejected.length >= MAX_REJECTED_LINES) throw mostlyWrong(rejected);
    }
  }
  return { userIds, result: { accepted, rejected } };
}

function readMember(line: NdjsonLine): string {
  const input = readJsonLine(line, MAX_MEMBER_LINE_BYTES);
  if (!isWireRecord(input))
    throw invalid([{ path: '', message: 'must be a JSON object such as {"userId":"u-1029384756"}' }]);
  const { userId, ...others } = input;
  const errors: FieldError[] = Object.keys(others).map((key) => ({
    path: key.slice(0, 64),
    message: 'is not a known field; known is userId',
  }));
  if (!isUserId(userId)) errors.unshift({ path: 'userId', message: USER_ID_MESSAGE });
  if (errors.length > 0) throw invalid(errors);
  return userId as string;
}

function tooLarge(): AppError {
  const detail = `Send at most ${MAX_AUDIENCE_LINES} lines in one upload; add further ones by POST. Nothing was changed.`;
  return new AppError(413, 'upload_too_large', detail);
}

function mostlyWrong(rejected: readonly RejectedLine[]): AppError {
  const shown = rejected.slice(0, 20).map(({ line, message }) => ({ path: `line ${line}`, message }));
  return invalid(shown, `${MAX_REJECTED_LINES} lines are wrong; errors has the first ones. Nothing was changed.`);
}
