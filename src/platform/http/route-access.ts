import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

export const ROUTE_ROLES = 'matchum:roles';
/** The same in the documentation: the roles that may call an operation, none where it needs no key. */
export const ROLES_EXTENSION = 'x-roles';

/** A route that needs no key: health, tracking links, documentation. */
export const Public = (): ClassDecorator & MethodDecorator =>
  applyDecorators(SetMetadata(ROUTE_ROLES, 'public'), ApiExtension(ROLES_EXTENSION, []));
