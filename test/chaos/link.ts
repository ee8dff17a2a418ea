import type { BreakableProxy } from '../servers/breakable-proxy.js';

/** The way from one process to one server. Faults on it may overlap: it is whole again when the last of them is over. */
export class Link {
  private cuts = 0;
  private hangs = 0;
  private applying: Promise<void> = Promise.resolve();

  constructor(private readonly proxy: BreakableProxy) {}

  get url(): string {
    return this.proxy.url;
  }

  cut(): Promise<void> {
    this.cuts += 1;
    return this.apply();
  }

  uncut(): Promise<void> {
    this.cuts -= 1;
    return this.apply();
  }

  hang(): Promise<void> {
    this.hangs += 1;
    return this.apply();
  }

  unhang(): Promise<void> {
    this.hangs -= 1;
    return this.apply();
  }

  /** One change at a time, each to what is wanted by then. */
  private apply(): Promise<void> {
    this.applying = this.applying.then(async () => {
      if (this.cuts > 0) return this.proxy.cut();
      await this.proxy.mend();
      if (this.hangs > 0) this.proxy.hang();
    });
    return this.applying;
  }
}
