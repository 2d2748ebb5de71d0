// Matching texts, so that it can be cancelled whatever the expression is.

import code from "worker:./matcher.ts";
import { Fault } from "../fault.ts";
import { type SearchQuery } from "./protocol.ts";
import { type Matches, compile, search } from "./search.ts";
import { startWorker } from "./start_worker.ts";

/** What an expression may take for one text, in milliseconds. */
const LONGEST = 5000;

export class Matching {
  readonly #query: SearchQuery;
  readonly #pattern: RegExp;
  #worker: Worker | undefined;
  /** The worker matches one text at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  /** @throws A fault if the expression is none. */
  constructor(query: SearchQuery) {
    this.#query = query;
    this.#pattern = compile(query);
  }

  async match(text: string, signal: AbortSignal): Promise<Matches> {
    // A text as it is takes no longer than reading it.
    if (!this.#query.regularExpression) return search(text, this.#pattern);
    const matches = this.#turn.then(() => this.#matchInWorker(text, signal));
    this.#turn = matches.catch(() => undefined);
    return matches;
  }

  #matchInWorker(text: string, signal: AbortSignal): Promise<Matches> {
    signal.throwIfAborted();
    const worker = (this.#worker ??= startWorker(code));
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", cancel);
        act();
      };
      const timer = setTimeout(
        () => settle(() => (this.close(), reject(new Fault("unsupported", "the expression takes too long on it", "use a simpler expression, or search for a text as it is")))),
        LONGEST,
      );
      const cancel = () => settle(() => (this.close(), reject(signal.reason as Error)));
      signal.addEventListener("abort", cancel);
      worker.onmessage = ({ data }: MessageEvent<Matches>) => settle(() => resolve(data));
      worker.onerror = () => settle(() => (this.close(), reject(new Fault("unsupported", "the expression can't be matched against it"))));
      worker.postMessage({ query: this.#query, text });
    });
  }

  close(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}
