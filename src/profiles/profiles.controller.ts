import { Readable } from 'node:stream';
import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Roles } from '../access/access.api.js';
import { ApiIfMatch } from '../platform/http/api-headers.js';
import { addRouteConfig } from '../platform/http/add-route-config.js';
import { IfMatch } from '../platform/http/if-match.js';
import { NDJSON, NdjsonBody } from '../platform/http/ndjson.js';
import { Now } from '../platform/http/now.js';
import { PatchProfileDto, ProfileDto, PutProfileDto, toProfileDto } from './profile.dto.js';
import { PROFILE_ENTRY_LIMITS } from './profile-limits.js';
import { ProfilesService } from './profiles.service.js';
import { UploadResultDto } from './upload.dto.js';
import { UserIdPipe } from './user-id.js';

@ApiTags('Profiles')
@Controller('v1/profiles')
@Roles('admin', 'chat')
export class ProfilesController {
  constructor(private readonly profiles: ProfilesService) {}

  @Post('bulk')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Create or replace many profiles',
    description:
      'NDJSON: on each line the body of a PUT with the member’s `userId` in it. Lines are checked one by one; the good ones ' +
      'are taken, of several lines of one member the last. An upload that breaks off leaves the lines up to some point ' +
      'taken: send it again.',
  })
  @addRouteConfig({ takesNdjson: true })
  @ApiConsumes(NDJSON)
  @ApiBody({ schema: { type: 'string' }, description: 'One profile a line, at most 64 KiB each' })
  @ApiOkResponse({ type: UploadResultDto, description: 'A verdict on the lines.' })
  upload(@NdjsonBody() stream: Readable, @Now() now: number): Promise<UploadResultDto> {
    return this.profiles.upload(stream, now);
  }

  @Get(':userId')
  @ApiOperation({ summary: 'Read a profile' })
  @ApiOkResponse({ type: ProfileDto, description: 'The profile.' })
  async read(@Param('userId', UserIdPipe) userId: string): Promise<ProfileDto> {
    return toProfileDto(await this.profiles.read(userId));
  }

  @Put(':userId')
  @addRouteConfig({ entryLimits: PROFILE_ENTRY_LIMITS })
  @ApiOperation({
    summary: 'Create or replace a profile',
    description: 'What the body leaves out is not known afterwards.',
  })
  @ApiIfMatch()
  @ApiBody({ type: PutProfileDto })
  @ApiOkResponse({ type: ProfileDto, description: 'The profile was replaced.' })
  @ApiCreatedResponse({ type: ProfileDto, description: 'The profile was created.' })
  async put(
    @Param('userId', UserIdPipe) userId: string,
    @Body() body: unknown,
    @IfMatch() seen: number | null,
    @Now() now: number,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ProfileDto> {
    const profile = await this.profiles.put({ userId, body, seen, now });
    reply.status(profile.version === 1 ? 201 : 200);
    return toProfileDto(profile);
  }

  @Patch(':userId')
  @addRouteConfig({ entryLimits: PROFILE_ENTRY_LIMITS })
  @ApiOperation({
    summary: 'Change a profile',
    description:
      'Absent fields stay, null takes a field away. `interests` and `attributes` are merged key by key, `consent` and ' +
      '`mutedAdvertisers` are replaced. A birth date replaces a birth year, and the other way round.',
  })
  @ApiIfMatch()
  @ApiBody({ type: PatchProfileDto })
  @ApiOkResponse({ type: ProfileDto, description: 'The changed profile.' })
  async patch(
    @Param('userId', UserIdPipe) userId: string,
    @Body() body: unknown,
    @IfMatch() seen: number | null,
    @Now() now: number,
  ): Promise<ProfileDto> {
    return toProfileDto(await this.profiles.patch({ userId, body, seen, now }));
  }

  @Delete(':userId')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Erase a profile',
    description: 'Also takes the member out of every audience. Done at once; a repeat gets the same answer.',
  })
  @ApiNoContentResponse({ description: 'Nothing is known of the member.' })
  erase(@Param('userId', UserIdPipe) userId: string): Promise<void> {
    return this.profiles.erase(userId);
  }
}
