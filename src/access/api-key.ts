import { hash, randomBytes } from 'node:crypto';
import type { Role } from './access.api.js';

/**
 * What an API key looks like and how it is kept. A key is 256 random bits, so its plain SHA-256 can't be turned back by
 * guessing: the slow hash that a person's password needs would only slow each request down.
 */
const KEY_BYTES = 32;
const KEY_FORM = /^mk_(?:admin|advertiser|chat|analyst)_[\w-]{43}$/;

/** The role in the key is for the people who handle keys; what a key may do stands in its row. */
export function generateKey(role: Role): string {
  return `mk_${role}_${randomBytes(KEY_BYTES).toString('base64url')}`;
}

/** What is not of this form was never issued, and needs no look-up. */
export function hasKeyForm(key: string): boolean {
  return KEY_FORM.test(key);
}

export function hashKey(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}

const BEARER = /^bearer +([\x21-\x7e]{1,1024})$/i;

/** The key of an `Authorization` header; null when there is none, or another scheme or form. */
export function readBearer(header: string | undefined): string | null {
  return header === undefined ? null : (BEARER.exec(header)?.[1] ?? null);
}
