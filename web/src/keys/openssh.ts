// Private keys as OpenSSH writes them, which the page doesn't read: what can be done with one.

import { type Bytes, decodeLossily, u32be } from "../bytes/bytes.ts";
import { Fault } from "../fault.ts";
import { signsOnly } from "./private_key.ts";

/** The octets before the fields: `openssh-key-v1` and a zero. */
const MAGIC_LENGTH = 15;

/** The kinds of keys that only sign. */
const SIGNING: Readonly<Record<string, string>> = {
  "ssh-ed25519": "an Ed25519 key",
  "ssh-dss": "a DSA key",
};

export function openSshKey(octets: Bytes): Fault {
  const kind = kindOf(octets);
  const signing = SIGNING[kind] ?? (kind.startsWith("sk-") ? "a key of a security key" : undefined);
  if (signing !== undefined) return signsOnly(signing);
  return new Fault("unsupported", "it is an OpenSSH key, which the page doesn't support", "convert a copy: `ssh-keygen -p -m PKCS8 -f COPY`");
}

/** Returns the kind of the first public key, which stands in front of the private one, locked or not. */
function kindOf(octets: Bytes): string {
  let at = MAGIC_LENGTH;
  // The cipher, the derivation and its options; then the number of keys.
  for (let field = 0; field < 3; field++) at += 4 + u32be(octets, at);
  // The length of the public key; then its first field.
  at += 8;
  return decodeLossily(octets.subarray(at + 4, at + 4 + u32be(octets, at)));
}
