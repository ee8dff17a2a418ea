import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Inject,
  Injectable,
  Module,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { InjectDataSource, TypeOrmModule } from '@nestjs/typeorm';
import type { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { Clock, SimulatedClock, SystemClock } from './clock.js';
import type { Config } from './config/config.js';
import type { Secrets } from './config/secrets.js';
import { AnswerPurge } from './database/answer-purge.js';
import { dataSourceOptions } from './database/data-source.js';
import { HungConnections } from './database/hung-connections.js';
import { Once } from './database/once.js';
import { HealthController } from './health/health.controller.js';
import { Readiness } from './health/readiness.js';
import { Metrics } from './metrics/metrics.js';
import { connectRedis } from './redis/redis.js';

/** The configuration with nothing left open: embedded servers have their addresses, generated secrets their values. */
export interface RuntimeConfig extends Config {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly secrets: Secrets;
  readonly publicUrl: string;
}

export const RUNTIME_CONFIG = Symbol('RuntimeConfig');
export const REDIS = Symbol('Redis');

@Injectable()
class PlatformLifecycle implements BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly hung: HungConnections;

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    @InjectDataSource() dataSource: DataSource,
    @Inject(RUNTIME_CONFIG) config: RuntimeConfig,
    readiness: Readiness,
  ) {
    this.hung = new HungConnections(dataSource, config.databaseUrl);
    readiness.register('postgres', async () => (await dataSource.query<unknown[]>('SELECT 1')).length === 1);
    readiness.register('redis', async () => (await this.redis.ping()) === 'PONG');
  }

  /** Before the requests under way are waited for: those may be what hangs. */
  beforeApplicationShutdown(): void {
    this.hung.endFromNowOn();
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}

/** Ports to the world, which every feature may inject. It is the one module that is global: it knows no feature. */
@Module({})
export class PlatformModule {
  static forRoot(config: RuntimeConfig): DynamicModule {
    const providers = [
      { provide: RUNTIME_CONFIG, useValue: config },
      { provide: Clock, useFactory: () => (config.clock === 'simulated' ? new SimulatedClock() : new SystemClock()) },
      { provide: REDIS, useFactory: () => connectRedis(config.redisUrl) },
      Metrics,
      Readiness,
      Once,
    ];
    return {
      module: PlatformModule,
      global: true,
      imports: [
        TypeOrmModule.forRoot({
          ...dataSourceOptions(config.databaseUrl, config.databasePoolSize),
          autoLoadEntities: true,
          retryAttempts: 30,
          retryDelay: 1000,
        }),
      ],
      controllers: [HealthController],
      providers: [...providers, PlatformLifecycle, ...(config.role === 'api' ? [] : [AnswerPurge])],
      exports: providers,
    };
  }
}
