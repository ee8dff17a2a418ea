import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { PollLoop } from './poll-loop.js';

describe('PollLoop', () => {
  beforeEach(() => {
    Logger.overrideLogger(false);
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('stops when its work ends, and works no more', async () => {
    let end: () => void = () => undefined;
    const work = jest.fn(() => new Promise<void>((resolve) => (end = resolve)));
    const loop = new PollLoop('Test', 10, work);
    loop.start();
    let stopped = false;
    const stop = loop.stop().then(() => (stopped = true));
    await jest.advanceTimersByTimeAsync(1_000);
    expect(stopped).toBe(false);
    end();
    await stop;
    loop.trigger();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(work).toHaveBeenCalledTimes(1);
  });

  it('does not wait long for work that hangs', async () => {
    const loop = new PollLoop('Test', 10, () => new Promise(() => undefined));
    loop.start();
    const stop = loop.stop();
    await jest.advanceTimersByTimeAsync(5_000);
    await expect(stop).resolves.toBeUndefined();
  });
});
