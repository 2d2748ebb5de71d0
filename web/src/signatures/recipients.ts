// Whose keys open an entry, as far as it says so: a key that opens must not sign.

import { type Bytes, decodeLossily, equal } from "../bytes/bytes.ts";
import { beginsCms } from "../cms/message.ts";
import { cmsRecipients } from "../cms/recipients.ts";
import { Fault } from "../fault.ts";
import { type Certificate } from "../keys/certificate.ts";
import { readBeginning } from "../openpgp/front.ts";

/** Whether the key of a certificate is that of a recipient. */
type IsKeyOf = (certificate: Certificate) => boolean;

/** Returns the recipients of an entry; `unknown` if it may be a message, and they can't be read. */
export function recipientsIn(octets: Bytes): readonly IsKeyOf[] | "unknown" {
  try {
    if (beginsCms(octets)) return cmsRecipients(octets).recipients.map(({ named }): IsKeyOf =>
      named.kind === "issuer"
        ? ({ issuer, serial }) => equal(named.issuer, issuer) && equal(named.serial, serial)
        : ({ keyIdentifier }) => keyIdentifier !== undefined && equal(named.identifier, keyIdentifier),
    );
    if (((octets[0] ?? 0) & 0x80) === 0) return mayBeText(octets) ? "unknown" : [];
    return readBeginning(octets).pkesks.map(({ recipient }): IsKeyOf =>
      ({ fingerprint }) => recipient !== "" && fingerprint !== "" && fingerprint.endsWith(recipient),
    );
  } catch (error) {
    if (error instanceof Fault) return "unknown";
    throw error;
  }
}

/** Whether octets may be a message as text, which the program reads and this page doesn't: armor, PEM, base64 or a mail. */
function mayBeText(octets: Bytes): boolean {
  const beginning = decodeLossily(octets.subarray(0, 1024)).trimStart();
  if (/^[A-Za-z0-9+/=\r\n]{24}/.test(beginning) || /^(content|mime)-[a-z-]+:/im.test(beginning)) return true;
  const mark = new TextEncoder().encode("-----BEGIN ");
  for (let at = octets.indexOf(mark[0]!); at >= 0; at = octets.indexOf(mark[0]!, at + 1)) {
    if (equal(octets.subarray(at, at + mark.length), mark)) return true;
  }
  return false;
}
