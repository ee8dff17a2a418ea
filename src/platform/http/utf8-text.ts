/**
 * A text by its bytes in UTF-8, a character of 0 to 255 for each: ASCII stays as it is. Such texts are put together and sent at
 * the price of a copy, where each text with a letter beyond takes Fastify and Node some 5 ns a letter of all of it to measure
 * and encode, several times: a third of a batch of matches' time, although nearly all that is not ASCII is always the same.
 */
export type Utf8Text = string;

/** The content type of JSON that a route sends as bytes. */
export const JSON_TYPE = 'application/json; charset=utf-8';

export function toUtf8Text(text: string): Utf8Text {
  return Buffer.from(text).toString('latin1');
}

export function bytesOf(text: Utf8Text): Buffer {
  return Buffer.from(text, 'latin1');
}
