/** What keeps the product from starting and the person who starts it can mend: told without a stack. No secret is in it. */
export class CannotStart extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CannotStart';
  }
}
