import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../app-error.js';
import { sendProblem, toAppError, toProblem } from './problem.filter.js';

/**
 * What is so broken that no request comes of it: the answer is written to the socket by hand. Nothing of it is logged,
 * since the error carries the raw bytes, with keys and ids.
 */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (socket.writable) {
    const problem = toProblem(toFault(error.code));
    const body = JSON.stringify(problem);
    socket.write(
      `HTTP/1.1 ${problem.status} ${problem.title}\r\nContent-Type: application/problem+json; charset=utf-8\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}

function toFault(code: string | undefined): AppError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new AppError(408, 'request_timeout', 'The request did not arrive in time.');
    case 'HPE_HEADER_OVERFLOW':
      return new AppError(431, 'headers_too_large', 'The headers are too large.');
    default:
      return new AppError(400, 'malformed_request', 'This is not an HTTP request that could be read.');
  }
}

/** Paths that no route is even looked up for: broken escapes, parameters that are too long. */
export function answerPathError(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  sendProblem(reply, toAppError(error));
}
