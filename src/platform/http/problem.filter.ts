import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AppError, type FieldError } from '../app-error.js';
import { isDatabaseUnavailable } from '../database/database-errors.js';
import { schemaErrors } from './schema-errors.js';

/** RFC 9457, with a stable `code` and the wrong fields. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors: readonly FieldError[];
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
};

/**
 * The one place where an error becomes an answer. What no part of the product says itself is logged, and answered with a
 * bare 500.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    const fault = toAppError(error);
    if (fault.status >= 500 && !(error instanceof AppError)) {
      const request = http.getRequest<FastifyRequest>();
      const stack = error instanceof Error ? error.stack : String(error);
      this.logger.error({ msg: 'request failed', requestId: request.id, route: request.routeOptions?.url, stack });
    }
    sendProblem(reply, fault);
  }
}

export function sendProblem(reply: FastifyReply, fault: AppError): void {
  void reply
    .status(fault.status)
    .headers({ ...fault.headers })
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(toProblem(fault)));
}

export function toProblem(fault: AppError): Problem {
  return {
    type: 'about:blank',
    title: TITLES[fault.status] ?? 'Internal Server Error',
    status: fault.status,
    code: fault.code,
    detail: fault.detail,
    errors: fault.errors,
  };
}

/** What a batch or NDJSON line answers for a fault, too. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof HttpException) return fromHttpException(error);
  if (isDatabaseUnavailable(error)) {
    return new AppError(503, 'unavailable', 'The database is not reachable or too busy just now; try again.', [], {
      'retry-after': '1',
    });
  }
  const fastifyError = error as Partial<FastifyError>;
  if (Array.isArray(fastifyError.validation)) {
    return new AppError(
      422,
      'invalid_request',
      'The request has invalid fields; see errors.',
      schemaErrors(fastifyError.validation),
    );
  }
  const status = fastifyError.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new AppError(status, statusCode(status), fastifyError.message ?? 'The request could not be read.');
  }
  return new AppError(
    500,
    'internal_error',
    'Something went wrong on our side; the log has the cause under this request id.',
  );
}

function fromHttpException(error: HttpException): AppError {
  const status = error.getStatus();
  return new AppError(status, statusCode(status), error.message);
}

function statusCode(status: number): string {
  if (status === 400) return 'malformed_request';
  return (TITLES[status] ?? 'internal_error').toLowerCase().replaceAll(' ', '_');
}
