import { ApiHeader } from '@nestjs/swagger';

/** The headers of the API's conventions, for its documentation. */
export const ApiIdempotencyKey = (): MethodDecorator & ClassDecorator =>
  ApiHeader({
    name: 'Idempotency-Key',
    description: 'Makes a repeat of this request harmless: 1 to 255 printable ASCII characters',
    example: '5f0c9d2e-7a41-4c1b-9f3e-2d6b8a7c1e90',
    required: false,
  });

export const ApiIfMatch = (): MethodDecorator & ClassDecorator =>
  ApiHeader({
    name: 'If-Match',
    description: 'The `version` that you saw last; when it has changed since, the answer is 412 and nothing is done',
    example: '"3"',
    required: false,
  });
