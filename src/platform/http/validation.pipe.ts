import { type ArgumentMetadata, Injectable, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { type FieldError, invalid, malformed } from '../app-error.js';

const MAX_ERRORS = 50;

/** Validates bodies and queries against their classes; unknown fields are refused, and every fault gets its path. */
@Injectable()
export class RequestValidationPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      validationError: { target: false, value: false },
      exceptionFactory: (errors) => invalid(fieldErrors(errors)),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' && metadata.metatype !== Object && !isPlainObject(value)) {
      throw malformed([{ path: '', message: 'must be a JSON object' }], 'The body must be a JSON object.');
    }
    return super.transform(value, metadata);
  }
}

function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function fieldErrors(errors: readonly ValidationError[], parent = ''): FieldError[] {
  return errors
    .flatMap((error) => {
      const path = joinPath(parent, error.property);
      const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
        path,
        message: rule === 'whitelistValidation' ? 'is not a known field' : message,
      }));
      return [...own, ...fieldErrors(error.children ?? [], path)];
    })
    .slice(0, MAX_ERRORS);
}

function joinPath(parent: string, property: string): string {
  if (/^\d+$/.test(property)) return `${parent}[${property}]`;
  return parent === '' ? property : `${parent}.${property}`;
}

