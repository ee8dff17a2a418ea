import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyContextConfig } from 'fastify';

const configs = new WeakMap<object, FastifyContextConfig>();

/** As `RouteConfig`, which keeps the last one only, but added to what other decorators of the method say. */
export function addRouteConfig(part: FastifyContextConfig): MethodDecorator {
  return (target, name, descriptor) => {
    const method = descriptor.value as object;
    const config = { ...configs.get(method), ...part };
    configs.set(method, config);
    RouteConfig(config)(target, name, descriptor);
  };
}
