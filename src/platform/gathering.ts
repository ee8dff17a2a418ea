interface Waiting<Q, A> {
  readonly question: Q;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Answers together what is asked in one go: all questions up to the end of the present turn of JavaScript, at most
 * `mostAtOnce`, become one call of `answerAll`, which answers in their order. If it rejects, each of them does.
 */
export class Gathering<Q, A> {
  private waiting: Waiting<Q, A>[] = [];

  constructor(
    private readonly answerAll: (questions: readonly Q[]) => Promise<readonly A[]>,
    private readonly mostAtOnce = Infinity,
  ) {}

  ask(question: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      const count = this.waiting.push({ question, resolve, reject });
      // Ticks run once no promise is left to go on, so that whoever goes on at the same time can ask as well.
      if (count === 1) process.nextTick(() => this.flush());
      else if (count >= this.mostAtOnce) this.flush();
    });
  }

  private flush(): void {
    if (this.waiting.length === 0) return;
    const asked = this.waiting;
    this.waiting = [];
    this.answerAll(asked.map(({ question }) => question)).then(
      (answers) => asked.forEach(({ resolve }, i) => resolve(answers[i] as A)),
      (error: Error) => asked.forEach(({ reject }) => reject(error)),
    );
  }
}
