// How CMS messages name certificates (RFC 5652, section 6.2.1).

import { type Bytes, equal, hex } from "../bytes/bytes.ts";
import { Element } from "../der/ber.ts";
import { Fault } from "../fault.ts";
import { type Certificate } from "./certificate.ts";
import { isSameName, nameText } from "./distinguished_name.ts";

/** The certificate that a message names. */
export type Named =
  | { readonly kind: "issuer"; readonly issuer: Bytes; readonly serial: Bytes }
  | { readonly kind: "key identifier"; readonly identifier: Bytes };

/** Returns whether a message names a certificate: by its issuer and serial number, or by what it says of itself. */
export function namesCertificate(named: Named, { issuer, serial, keyIdentifier }: Certificate): boolean {
  if (named.kind === "issuer") return equal(minimal(named.serial), minimal(serial)) && isSameName(named.issuer, issuer);
  return keyIdentifier !== undefined && equal(named.identifier, keyIdentifier);
}

/**
 * Returns whether a message names the key of a certificate. Many programs compute the identifier of a
 * key whose certificate has none: then it's that of any certificate over this key.
 */
export function namesKeyOf(named: Named, certificate: Certificate): boolean {
  const { usualKeyIdentifier } = certificate;
  const isUsual = named.kind === "key identifier" && usualKeyIdentifier !== undefined && equal(named.identifier, usualKeyIdentifier);
  return isUsual || namesCertificate(named, certificate);
}

/** An INTEGER without the leading octets that only repeat its sign. */
function minimal(octets: Bytes): Bytes {
  let at = 0;
  for (; at + 1 < octets.length; at++) {
    const isSign = octets[at + 1]! & 0x80 ? octets[at] === 0xff : octets[at] === 0;
    if (!isSign) break;
  }
  return octets.subarray(at);
}

/** Returns what a message calls a certificate, for people. */
export function describe(named: Named): string {
  if (named.kind === "key identifier") return `subject key identifier ${upper(named.identifier)}`;
  const serial = minimal(named.serial);
  return `serial ${upper(serial.length > 1 && serial[0] === 0 ? serial.subarray(1) : serial)} of ${issuerText(named.issuer)}`;
}

const upper = (octets: Bytes) => hex(octets).toUpperCase();

function issuerText(issuer: Bytes): string {
  try {
    return nameText(Element.whole(issuer));
  } catch (error) {
    if (error instanceof Fault) return "a name that can't be decoded";
    throw error;
  }
}
