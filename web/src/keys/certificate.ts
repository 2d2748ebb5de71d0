// X.509 certificates (RFC 5280): names for recipients, and signers.

import { type Bytes, decodeLossily, hex, sha256 } from "../bytes/bytes.ts";
import { BIT_STRING, BOOLEAN, Element, GENERALIZED_TIME, INTEGER, OCTET_STRING, SEQUENCE, UTC_TIME, context } from "../der/ber.ts";
import { Fault, malformed } from "../fault.ts";
import { nameText } from "./distinguished_name.ts";
import { type PublicKey, fingerprintOf, keyIdentifierOf, parsePublicKey } from "./public_key.ts";

export interface Certificate {
  /** Its subject for people: the first common name, else the whole name. */
  readonly label: string;
  /** Its issuer's name and its serial number, as CMS names it. */
  readonly issuer: Bytes;
  readonly serial: Bytes;
  /** The extension SubjectKeyIdentifier. */
  readonly keyIdentifier: Bytes | undefined;
  /** The usual one of its key, whether it has the extension or not; `undefined` if its kind isn't supported. */
  readonly usualKeyIdentifier: Bytes | undefined;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** `undefined` if the kind of key is one that the page doesn't support. */
  readonly publicKey: PublicKey | undefined;
  /** SubjectPublicKeyInfo, as WebCrypto imports it. */
  readonly publicKeyInfo: Bytes;
  /** The fingerprint of its key as one of OpenPGP; empty if its kind isn't supported. */
  readonly fingerprint: string;
  /** The SHA-256 of the certificate, in lower-case hex. */
  readonly sha256: string;
  /** The first octet of the extension keyUsage; `undefined` without one. */
  readonly keyUsage: number | undefined;
  /** The object identifiers of the extension extendedKeyUsage; `undefined` without one. */
  readonly extendedKeyUsage: readonly string[] | undefined;
}

const KEY_IDENTIFIER = "2.5.29.14";
const KEY_USAGE = "2.5.29.15";
const EXTENDED_KEY_USAGE = "2.5.29.37";

export async function parseCertificate(der: Bytes): Promise<Certificate> {
  const tbs = Element.read(der).parts(SEQUENCE).take(SEQUENCE).parts();
  tbs.takeIf(context(0)); // the version
  const serial = tbs.take(INTEGER).content.slice();
  tbs.take(SEQUENCE); // the signature's algorithm
  const issuer = tbs.take(SEQUENCE);
  const validity = tbs.take(SEQUENCE).parts();
  const notBefore = parseTime(validity.take());
  const notAfter = parseTime(validity.take());
  const subject = tbs.take(SEQUENCE);
  const info = tbs.take(SEQUENCE);
  tbs.takeIf(context(1), context(1, false));
  tbs.takeIf(context(2), context(2, false));
  const extensions = parseExtensions(tbs.takeIf(context(3)));

  let publicKey: PublicKey | undefined;
  try {
    publicKey = parsePublicKey(info);
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== "unsupported") throw error;
  }
  const keyIdentifier = extensions.get(KEY_IDENTIFIER);
  const keyUsage = extensions.get(KEY_USAGE);
  const purposes = extensions.get(EXTENDED_KEY_USAGE);
  return {
    label: nameText(subject),
    issuer: issuer.encoded.slice(),
    serial,
    keyIdentifier: keyIdentifier && Element.whole(keyIdentifier).expect(OCTET_STRING).content.slice(),
    usualKeyIdentifier: publicKey && (await keyIdentifierOf(publicKey)),
    notBefore,
    notAfter,
    publicKey,
    publicKeyInfo: info.encoded.slice(),
    fingerprint: publicKey === undefined ? "" : await fingerprintOf(publicKey),
    sha256: hex(await sha256(Element.read(der).encoded.slice())),
    keyUsage: keyUsage && (Element.whole(keyUsage).expect(BIT_STRING).content[1] ?? 0),
    extendedKeyUsage: purposes && Element.whole(purposes).children().map((purpose) => purpose.oid()),
  };
}

function parseExtensions(wrapper: Element | undefined): Map<string, Bytes> {
  const found = new Map<string, Bytes>();
  for (const extension of wrapper?.parts().take(SEQUENCE).children() ?? []) {
    const parts = extension.parts(SEQUENCE);
    const oid = parts.take().oid();
    parts.takeIf(BOOLEAN); // critical
    if (found.has(oid)) throw malformed("an extension comes twice");
    found.set(oid, parts.take(OCTET_STRING).content.slice());
  }
  return found;
}

/** UTCTime and GeneralizedTime of RFC 5280, section 4.1.2.5, in milliseconds since 1970. */
export function parseTime(element: Element): number {
  const text = decodeLossily(element.content);
  const isUtc = element.tag === UTC_TIME;
  if (!isUtc) element.expect(GENERALIZED_TIME);
  const [, year, month, day, hour, minute, second] =
    (isUtc ? /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/ : /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/).exec(text) ?? [];
  if (year === undefined) throw malformed("a time");
  const full = isUtc ? Number(year) + (Number(year) < 50 ? 2000 : 1900) : Number(year);
  const written = `${String(full).padStart(4, "0")}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const time = Date.parse(written);
  // February has no 30th, and no day has an hour 24.
  if (Number.isNaN(time) || new Date(time).toISOString() !== written) throw malformed("a time");
  return time;
}
