// Searching in a worker, which can be ended whatever it does.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Matching } from "../src/vault/matching.ts";

/** A worker that never answers. */
class Endless {
  static ended = 0;
  postMessage(message: unknown, transfer: Transferable[]): void {
    structuredClone(message, { transfer });
  }

  terminate(): void {
    Endless.ended++;
  }
}

for (const regularExpression of [false, true]) {
  test(`a search for ${regularExpression ? "an expression" : "a text as it is"} ends when it is cancelled, and its text is in no other hands`, async () => {
    Object.assign(globalThis, { Worker: Endless });
    Endless.ended = 0;
    const matching = new Matching({ text: "refund", ignoreCase: true, regularExpression });
    const cancelling = new AbortController();
    const content = new TextEncoder().encode("\n\n\na refund");
    const matches = matching.match(content, cancelling.signal);
    // The worker gets it in its turn.
    await Promise.resolve();
    cancelling.abort();
    await assert.rejects(matches, { name: "AbortError" });
    assert.deepEqual([Endless.ended, content.length], [1, 0]);
  });
}
