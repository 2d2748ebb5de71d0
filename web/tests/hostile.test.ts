// Altered archives, messages and keys: each is refused with a fault, or still has the same content.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { type Bytes } from "../src/bytes/bytes.ts";
import { FileSource } from "../src/bytes/source.ts";
import { Fault } from "../src/fault.ts";
import { readKeyFile } from "../src/keys/key_file.ts";
import { Keyring } from "../src/keys/keyring.ts";
import { openMessage } from "../src/openpgp/message.ts";
import { OpenArchive } from "../src/archive/open_archive.ts";
import { verify } from "../src/signatures/verify.ts";

const VECTORS = path.resolve("../testdata/vectors");

const read = async (file: string): Promise<Bytes> => new Uint8Array(await readFile(path.join(VECTORS, file)));

async function keyringOf(...files: string[]): Promise<Keyring> {
  const keyring = new Keyring();
  for (const file of files) {
    for (const item of await readKeyFile(await read(file))) {
      if (item.kind === "key") keyring.addKey({ key: item.key, label: file });
      if (item.kind === "certificate") keyring.addCertificate(item.certificate);
    }
  }
  return keyring;
}

/** Opens all members. Returns what came out by its name, and the number of faults. Anything but a fault fails. */
async function openAll(octets: Bytes, keyring: Keyring): Promise<{ contents: Map<string, string>; faults: number }> {
  const contents = new Map<string, string>();
  let faults = 0;
  const noting = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      faults++;
    }
  };
  await noting(async () => {
    const archive = await OpenArchive.open(0, "a.zip", new FileSource(new Blob([octets])));
    await archive.openIndex(keyring);
    for (const place of archive.members) {
      await noting(async () => {
        const { path, content } = await archive.openMember(place, keyring, () => undefined);
        contents.set(path, Buffer.from(content).toString("base64"));
      });
    }
    await verify(archive, keyring.certificates, Date.parse("2030-01-02"), () => undefined, new AbortController().signal);
  });
  return { contents, faults };
}

/** A small generator of numbers, so that a failure happens again. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const ARCHIVES: readonly (readonly [archive: string, ...keys: string[]])[] = [
  ["0.1.0/v1.zip", "0.1.0/p256.key"],
  ["0.1.0/v2.zip", "0.1.0/rsa.key"],
  ["0.1.0/stock.zip", "0.1.0/rsa.key"],
  ["sharing/index.zip", "sharing/customer.key"],
  ["sharing/index-v1.zip", "sharing/vendor.key"],
  ["sharing/hidden-names.zip", "sharing/customer.key"],
  ["signing/all.zip", "signing/customer.key", "signing/ivr-1.crt", "signing/ivr-2.crt"],
  ["signing/shared-twice.zip", "signing/customer.key", "signing/ivr-1.crt"],
  ["signing/cms-gcm.zip", "signing/customer.key", "signing/ivr-1.crt"],
];

for (const [archive, ...keys] of ARCHIVES) {
  test(`${archive}: a flipped bit never yields another content`, async () => {
    const octets = await read(archive);
    const keyring = await keyringOf(...keys);
    const { contents: expected } = await openAll(octets.slice(), keyring);
    const next = numbers(1);
    for (let i = 0; i < 100; i++) {
      const altered = octets.slice();
      const place = next(altered.length);
      altered[place]! ^= 1 << next(8);
      const { contents } = await openAll(altered, keyring);
      for (const [name, content] of contents) {
        // The name itself may be what was altered, in a message that holds none.
        assert.ok([...expected.values()].includes(content), `${place}: ${name} has another content`);
        if (!archive.includes("cms")) assert.equal(content, expected.get(name), `${place}: ${name}`);
      }
    }
  });

  test(`${archive}: what is cut off, doubled or overwritten is refused with a fault`, async () => {
    const octets = await read(archive);
    const keyring = await keyringOf(...keys);
    const next = numbers(2);
    for (let i = 0; i < 50; i++) {
      let altered: Bytes = octets.slice();
      switch (next(3)) {
        case 0:
          altered = altered.slice(0, next(altered.length));
          break;
        case 1: {
          const [from, to, length] = [next(altered.length), next(altered.length), next(64)];
          altered.copyWithin(to, from, from + length);
          break;
        }
        default:
          for (let j = 0; j < 8; j++) altered[next(altered.length)] = next(256);
      }
      await openAll(altered, keyring);
    }
  });
}

/** Messages without an archive around them, whose checksum would find what was altered before the message does. */
const MESSAGES: readonly (readonly [message: string, key: string])[] = [
  ["0.1.0/v1-all.pgp", "0.1.0/p256.key"],
  ["0.1.0/v2-x509-deflate.pgp", "0.1.0/p384.key"],
  ["0.1.0/v2-rsa.pgp", "0.1.0/rsa.key"],
  ["0.1.0/v1-rsa.pgp", "0.1.0/rsa.key"],
];

for (const [message, key] of MESSAGES) {
  test(`${message}: a flipped bit in any octet never yields another content`, async () => {
    const octets = await read(message);
    const keyring = await keyringOf(key);
    const open = async (octets: Bytes) => Buffer.from((await openMessage(octets, keyring, () => undefined)).literal.content);
    const expected = await open(octets.slice());
    let opened = 0;
    for (let place = 0; place < octets.length; place++) {
      const altered = octets.slice();
      altered[place]! ^= 1 << (place % 8);
      try {
        assert.deepEqual(await open(altered), expected, `${place}`);
        // In the PKESK of somebody else.
        opened++;
      } catch (error) {
        assert.ok(error instanceof Fault, `${place}: ${error}`);
      }
    }
    assert.ok(opened < octets.length, `${opened} of ${octets.length}`);
  });
}

const KEYS = ["0.1.0/rsa.key", "0.1.0/p384.key", "0.1.0/p256-traditional.key", "0.1.0/rsa-locked.der", "0.1.0/rsa.der", "0.1.0/rsa.crt", "0.1.0/p256.crt", "signing/acme.crt"];

for (const file of KEYS) {
  test(`${file}: an altered key or certificate is refused with a fault`, async () => {
    const octets = await read(file);
    const next = numbers(3);
    for (let i = 0; i < 100; i++) {
      const altered = octets.slice(0, next(10) === 0 ? next(octets.length) : octets.length);
      for (let j = next(4); j >= 0 && altered.length > 0; j--) altered[next(altered.length)] = next(256);
      try {
        for (const item of await readKeyFile(altered)) {
          // Few iterations: what was altered may ask for millions.
          if (item.kind === "locked" && i < 5) await item.key.unlock("correct horse");
        }
      } catch (error) {
        assert.ok(error instanceof Fault, `${i}: ${error}\n${error instanceof Error ? error.stack : ""}`);
      }
    }
  });
}
