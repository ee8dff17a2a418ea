import cliProgress from 'cli-progress';

/** Told as work goes on: what is being done, and how much of it is. The functions that work print nothing themselves. */
export type OnProgress = (step: string, done: number, total: number) => void;

const LINE_EVERY_MS = 3_000;

/** Shows progress on stderr: a bar in a terminal, else a line every few seconds. */
export class ProgressDisplay {
  private bar: cliProgress.SingleBar | null = null;
  private step = '';
  private saidAt = 0;
  private isComplete = false;

  constructor(private readonly stream: NodeJS.WriteStream = process.stderr) {}

  readonly report: OnProgress = (step, done, total) => {
    if (this.stream.isTTY) this.draw(step, done, total);
    else this.say(step, done, total);
  };

  /** Leaves the last bar as it stands. */
  stop(): void {
    this.bar?.stop();
    this.bar = null;
  }

  private draw(step: string, done: number, total: number): void {
    if (this.bar === null || this.step !== step) {
      this.stop();
      this.step = step;
      this.bar = new cliProgress.SingleBar(
        { format: `${step.padEnd(20)} {bar} {value}/{total}  {eta_formatted}`, stream: this.stream, hideCursor: true },
        cliProgress.Presets.shades_classic,
      );
      this.bar.start(total, done);
    }
    this.bar.setTotal(total);
    this.bar.update(done);
  }

  /** The first and the last of a step are always said. */
  private say(step: string, done: number, total: number): void {
    const now = performance.now();
    const isNew = step !== this.step;
    const isComplete = done >= total;
    const isDue = now - this.saidAt >= LINE_EVERY_MS;
    if (!isNew && (isComplete ? this.isComplete : !isDue)) return;
    this.step = step;
    this.saidAt = now;
    this.isComplete = isComplete;
    this.stream.write(`${step} ${done}/${total}\n`);
  }
}
