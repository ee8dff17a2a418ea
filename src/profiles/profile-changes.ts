import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Listener } from '../platform/database/listener.js';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../platform/platform.module.js';

/** `null`: any members may have changed. */
type ChangeListener = (userIds: readonly string[] | null) => void;

/**
 * Tells of members whose profile or audiences have changed: those that this process changed at once, and all by what
 * Postgres announces with each commit.
 */
@Injectable()
export class ProfileChanges implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly listener: Listener;
  private readonly listeners: ChangeListener[] = [];

  constructor(@Inject(RUNTIME_CONFIG) { databaseUrl }: RuntimeConfig) {
    this.listener = new Listener({
      databaseUrl,
      channel: 'profiles_changed',
      onNotification: (payload) => this.tell(payload.split(',')),
      onConnected: () => this.tell(null),
    });
  }

  onApplicationBootstrap(): void {
    this.listener.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.listener.stop();
  }

  /** False while changes made by others may go unheard. */
  get areHeard(): boolean {
    return this.listener.isHearing;
  }

  onChange(listener: ChangeListener): void {
    this.listeners.push(listener);
  }

  /** This process has changed these members, and committed it. */
  announce(userIds: readonly string[]): void {
    this.tell(userIds);
  }

  /** As `announce`, where it is not known which members they were. */
  announceAll(): void {
    this.tell(null);
  }

  private tell(userIds: readonly string[] | null): void {
    for (const listener of this.listeners) listener(userIds);
  }
}
