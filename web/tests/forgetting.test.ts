// Secrets don't stay longer than they are needed, and never come back.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { Session } from "../src/ui/session.ts";
import { VaultCore } from "../src/vault/core.ts";
import { type Vault } from "../src/vault/protocol.ts";

test("a key that was forgotten while it was read goes into no vault", async () => {
  const given: string[] = [];
  const vault = { addKeys: async (name: string) => (given.push(name), []), forget: () => undefined } as unknown as Vault;
  const session = new Session(() => ({ ...vault }));
  const bytes = new TextEncoder().encode("secret");
  let finish = () => {};
  const reading = new Promise<ArrayBuffer>((resolve) => (finish = () => resolve(bytes.buffer)));
  const file = { name: "my.key", size: 6, slice: () => new Blob(["se"]), arrayBuffer: () => reading } as unknown as File;
  const added = session.addFiles([file]);
  session.forget("asked");
  finish();
  await added;
  assert.deepEqual(given, []);
  assert.deepEqual([...bytes], [0, 0, 0, 0, 0, 0]);
});

test("a key that is of no use once it's unlocked is wiped", async () => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "correct horse" });
  const vault = new VaultCore();
  const [locked] = await vault.addKeys("my.key", new TextEncoder().encode(pem as string) as Uint8Array<ArrayBuffer>);
  assert.ok(locked?.kind === "locked");
  const decrypted: ArrayBuffer[] = [];
  const { decrypt } = crypto.subtle;
  crypto.subtle.decrypt = async (...parameters) => {
    const plain = await decrypt.apply(crypto.subtle, parameters);
    decrypted.push(plain);
    return plain;
  };
  try {
    await assert.rejects(vault.unlock(locked.ticket, "correct horse"), /an Ed25519 key, which can only sign/);
  } finally {
    crypto.subtle.decrypt = decrypt;
  }
  assert.equal(decrypted.length, 1);
  assert.ok(new Uint8Array(decrypted[0]!).every((octet) => octet === 0));
});
