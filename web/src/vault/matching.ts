// Matching texts in a worker of their own, so that it can be cancelled whatever is searched for, and in whatever.

import code from "worker:./matcher.ts";
import { type Bytes } from "../bytes/bytes.ts";
import { Fault } from "../fault.ts";
import { type SearchQuery } from "./protocol.ts";
import { type Matches, compile } from "./search.ts";
import { startWorker } from "../workers/start.ts";

/** What one text may take, in milliseconds. */
const LONGEST = 5000;

export class Matching {
  readonly #query: SearchQuery;
  #worker: Worker | undefined;
  /** The worker matches one text at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  /** @throws A fault if the expression is none. */
  constructor(query: SearchQuery) {
    compile(query);
    this.#query = query;
  }

  /** Searches a text, whose octets are used up. */
  async match(content: Bytes, signal: AbortSignal): Promise<Matches> {
    const matches = this.#turn.then(() => this.#matchInWorker(content, signal));
    this.#turn = matches.catch(() => undefined);
    return matches;
  }

  #matchInWorker(content: Bytes, signal: AbortSignal): Promise<Matches> {
    signal.throwIfAborted();
    const worker = (this.#worker ??= startWorker(code));
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", cancel);
        act();
      };
      const timer = setTimeout(
        () => settle(() => (this.close(), reject(this.#tooLong()))),
        LONGEST,
      );
      const cancel = () => settle(() => (this.close(), reject(signal.reason as Error)));
      signal.addEventListener("abort", cancel);
      worker.onmessage = ({ data }: MessageEvent<Matches>) => settle(() => resolve(data));
      worker.onerror = () => settle(() => (this.close(), reject(new Fault("unsupported", "it can't be searched here", "search it with `callseal grep`"))));
      worker.postMessage({ query: this.#query, content }, [content.buffer]);
    });
  }

  #tooLong(): Fault {
    return this.#query.regularExpression
      ? new Fault("unsupported", "the expression takes too long on it", "use a simpler expression, or search for a text as it is")
      : new Fault("unsupported", "it takes too long to be searched here", "search it with `callseal grep`");
  }

  close(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}
