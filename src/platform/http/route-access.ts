import { applyDecorators } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { addRouteConfig } from './add-route-config.js';

/** Who may call a route: everybody, or the keys of some roles. A route that does not say it is refused to all. */
export type RouteAccess = 'public' | readonly string[];

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: RouteAccess;
  }
}

/** The same in the documentation: the roles that may call an operation, none where it needs no key. */
export const ROLES_EXTENSION = 'x-roles';

const declared = new WeakSet<object>();

/** On a method: says who may call it. On a controller: says it for all of its methods that do not. */
export function routeAccess(access: RouteAccess): ClassDecorator & MethodDecorator {
  const setConfig = addRouteConfig({ access });
  const declare = (target: object, name: string | symbol, descriptor: PropertyDescriptor): void => {
    const method: unknown = descriptor.value;
    if (typeof method !== 'function' || declared.has(method)) return;
    declared.add(method);
    setConfig(target, name, descriptor);
  };
  return applyDecorators(
    // Fastify's route configuration knows methods only, so a controller's goes to each of them.
    (target: object, name?: string | symbol, descriptor?: PropertyDescriptor) => {
      if (name !== undefined && descriptor !== undefined) return declare(target, name, descriptor);
      const prototype = (target as { readonly prototype: object }).prototype;
      for (const [method, own] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
        if (method !== 'constructor') declare(prototype, method, own);
      }
    },
    ApiExtension(ROLES_EXTENSION, access === 'public' ? [] : access),
  );
}

/** A route that needs no key: health, tracking links, documentation. */
export const Public = (): ClassDecorator & MethodDecorator => routeAccess('public');
