// When the page wasn't used for long, it forgets the key.

export const IDLE_MINUTES = 15;
const LIMIT = IDLE_MINUTES * 60_000;
const WARNED_FOR = 60_000;

export type IdleState = { readonly kind: "used" } | { readonly kind: "warned"; readonly seconds: number } | { readonly kind: "over" };

/** The times come from outside: milliseconds of a clock that goes on while the computer sleeps. */
export class IdleClock {
  #last: number;

  constructor(now: number) {
    this.#last = now;
  }

  used(now: number): void {
    this.#last = now;
  }

  look(now: number): IdleState {
    // A clock that was set back doesn't give more time.
    if (now < this.#last) this.#last = now;
    const left = LIMIT - (now - this.#last);
    if (left <= 0) return { kind: "over" };
    return left > WARNED_FOR ? { kind: "used" } : { kind: "warned", seconds: Math.ceil(left / 1000) };
  }
}
