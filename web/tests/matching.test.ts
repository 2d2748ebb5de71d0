// Searching in a worker, which can be ended whatever it does.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { OpenArchive } from "../src/archive/open_archive.ts";
import { FileSource } from "../src/bytes/source.ts";
import { readKeyFile } from "../src/keys/key_file.ts";
import { Keyring } from "../src/keys/keyring.ts";
import { Matching } from "../src/vault/matching.ts";
import { searchMembers } from "../src/vault/member_search.ts";
import { type SearchProgress } from "../src/vault/protocol.ts";

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

test("a text isn't searched any more once its archive is closed", async () => {
  const read = async (file: string) => new Uint8Array(await readFile(path.resolve("../testdata/vectors/sharing", file)));
  const keyring = new Keyring();
  for (const item of await readKeyFile(await read("customer.key"))) if (item.kind === "key") keyring.addKey({ key: item.key, label: "customer.key" });
  const archive = await OpenArchive.open(1, "index.zip", new FileSource(new Blob([await read("index.zip")])));
  class Closing extends Endless {
    override postMessage(message: unknown, transfer: Transferable[]): void {
      super.postMessage(message, transfer);
      archive.close();
    }
  }
  Object.assign(globalThis, { Worker: Closing });
  Endless.ended = 0;
  const matching = new Matching({ text: "refund", ignoreCase: true, regularExpression: true });
  const failed: SearchProgress["failed"][number][] = [];
  await searchMembers([archive], keyring, matching, (progress) => failed.push(...progress.failed), new AbortController().signal);
  assert.equal(Endless.ended, 1);
  assert.equal(failed.length, archive.members.length);
  for (const { problem } of failed) assert.match(problem.message, /the archive was closed/);
});
