// What a file is that should have been an archive: a store may send anything.

import { decodeLossily } from "../bytes/bytes.ts";
import { type ByteSource } from "../bytes/source.ts";
import { beginsContentInfo } from "../cms/message.ts";
import { Fault } from "../fault.ts";
import { beginsMessage } from "../openpgp/front.ts";

const BEGINNING = 4096;

const KINDS: readonly (readonly [pattern: RegExp, what: string, hint: string])[] = [
  [/^-----BEGIN (PGP MESSAGE|CMS|PKCS7|ENCRYPTED MESSAGE)-----/m, "one message", "`callseal open FILE` opens it"],
  [/^-----BEGIN [A-Z ]*PRIVATE KEY( BLOCK)?-----/m, "a private key", "a key doesn't belong where archives are: move it away, and drop it into the page as a file"],
  [/^-----BEGIN ([A-Z0-9 ]*CERTIFICATE|PUBLIC KEY|PGP PUBLIC KEY BLOCK)-----/m, "a certificate or public key", "drop it into the page as a file"],
  [/^\s*<(!doctype html|html)/i, "a web page", "check the address; the server may ask for a password there, or say that the archive isn't there"],
  [/^\s*<\?xml/, "an XML document", "check the address; stores answer so if something is wrong with it"],
];

/** Returns the fault that a file is no archive, with what it is. */
export async function otherFile(source: ByteSource): Promise<Fault> {
  const octets = await source.read(0, Math.min(BEGINNING, source.size));
  const text = decodeLossily(octets);
  const isMessage = beginsMessage(octets) || beginsContentInfo(octets);
  const [, what, hint] = isMessage ? KINDS[0]! : (KINDS.find(([pattern]) => pattern.test(text)) ?? []);
  if (what === undefined) return new Fault("malformed", "not a ZIP archive", "`callseal inspect FILE` shows what it is");
  return new Fault("malformed", `it is ${what}, not an archive`, hint);
}
