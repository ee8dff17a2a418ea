/** One wrong place in a request: `path` like `budget.dailyMicros` or `adGroups[2].targeting.all[0]`, `message` what would be right. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/**
 * A request's fault. The problem filter turns it into an RFC 9457 document; `code` is stable and part of the API,
 * `detail` says what to do.
 */
export class AppError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly errors: readonly FieldError[] = [],
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
    this.name = 'AppError';
  }
}

export function notFound(what: string, id: string): AppError {
  return new AppError(404, 'not_found', `There is no ${what} '${id.slice(0, 64)}', or your key may not see it.`);
}

export function invalid(
  errors: readonly FieldError[],
  detail = 'The request has invalid fields; see errors.',
): AppError {
  return new AppError(422, 'invalid_request', detail, errors);
}

export function malformed(errors: readonly FieldError[], detail = 'The request is malformed; see errors.'): AppError {
  return new AppError(400, 'malformed_request', detail, errors);
}

export function conflict(code: string, detail: string): AppError {
  return new AppError(409, code, detail);
}
