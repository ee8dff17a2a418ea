import { notFound } from '../platform/app-error.js';

/** Whatever our ids look like, they are short and printable; some other texts Postgres can't even be asked for. */
const ID_FORM = /^[\x21-\x7e]{1,64}$/;

export function requireIdForm(what: string, id: string): void {
  if (!ID_FORM.test(id)) throw notFound(what, id);
}
