// Results in order, whichever is ready first.

/** What waits for its turn has a limit: else one that never comes would keep all the others in memory. */
export class InOrder<T> {
  readonly #most: number;
  readonly #weightOf: (result: T) => number;
  readonly #early = new Map<number, T>();
  #next = 0;
  #weight = 0;
  #wake: (() => void)[] = [];

  constructor(most: number, weightOf: (result: T) => number) {
    this.#most = most;
    this.#weightOf = weightOf;
  }

  /** Waits until another result has room. Whoever has the first one that isn't ready doesn't call it. */
  async room(): Promise<void> {
    while (this.#weight > this.#most) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  /** Returns the results whose turn has come. */
  put(number: number, result: T): T[] {
    this.#early.set(number, result);
    this.#weight += this.#weightOf(result);
    const ready: T[] = [];
    for (let first = this.#early.get(this.#next); first !== undefined; first = this.#early.get(this.#next)) {
      ready.push(first);
      this.#early.delete(this.#next++);
      this.#weight -= this.#weightOf(first);
    }
    if (ready.length > 0) for (const wake of this.#wake.splice(0)) wake();
    return ready;
  }
}
