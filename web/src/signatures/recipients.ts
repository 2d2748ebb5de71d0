// Whose keys open an entry, as far as it says so: a key that opens must not sign.

import { type Bytes, decodeLossily, equal } from "../bytes/bytes.ts";
import { beginsCms, beginsContentInfo } from "../cms/message.ts";
import { cmsRecipients } from "../cms/recipients.ts";
import { Fault } from "../fault.ts";
import { type Certificate } from "../keys/certificate.ts";
import { namesKeyOf } from "../keys/named.ts";
import { beginsMessage, readBeginning } from "../openpgp/front.ts";

/** Whether the key of a certificate is that of a recipient. */
type IsKeyOf = (certificate: Certificate) => boolean;

/** Returns the recipients of an entry; `unknown` if it may be a message, and they can't be read. */
export function recipientsIn(octets: Bytes): readonly IsKeyOf[] | "unknown" {
  if (!beginsContentInfo(octets) && !beginsMessage(octets)) {
    if (mayBeText(octets)) return "unknown";
    if (((octets[0] ?? 0) & 0x80) === 0) return [];
  }
  try {
    if (beginsCms(octets)) return cmsRecipients(octets).recipients.map(({ named }): IsKeyOf => (certificate) => namesKeyOf(named, certificate));
    return readBeginning(octets).pkesks.map(({ recipient }): IsKeyOf =>
      ({ fingerprint }) => recipient !== "" && fingerprint !== "" && fingerprint.endsWith(recipient),
    );
  } catch (error) {
    if (error instanceof Fault) return "unknown";
    throw error;
  }
}

/** What the program looks through for a message as text. */
const WINDOW = 64 * 1024;
/** The characters of base64 that show what it holds. */
const HEAD = 16;

/** Whether octets may be a message as text, which the program reads and this page doesn't: armor, PEM, base64 or a mail. */
function mayBeText(octets: Bytes): boolean {
  const beginning = decodeLossily(octets.subarray(0, WINDOW)).trimStart();
  if (isBase64(beginning) || /^(content|mime)-[a-z-]+:/im.test(beginning)) return true;
  const mark = new TextEncoder().encode("-----BEGIN ");
  for (let at = octets.indexOf(mark[0]!); at >= 0; at = octets.indexOf(mark[0]!, at + 1)) {
    if (equal(octets.subarray(at, at + mark.length), mark)) return true;
  }
  return false;
}

/** Whether a text begins as the base64 of a message does, with white space anywhere in it. */
function isBase64(text: string): boolean {
  const characters = text.replaceAll(/\s/g, "").slice(0, HEAD);
  try {
    const octets = Uint8Array.from(atob(characters.slice(0, characters.length - (characters.length % 4))), (character) => character.charCodeAt(0));
    return beginsContentInfo(octets) || beginsMessage(octets);
  } catch {
    return false;
  }
}
