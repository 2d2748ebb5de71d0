// From a PKESK to the session key (RFC 9580, sections 5.1.3 and 5.1.5).

import { aeskw } from "@noble/ciphers/aes.js";
import { type Bytes, concat, encodeUtf8, fromHex, u16be } from "../bytes/bytes.ts";
import { bitLength } from "../keys/numbers.ts";
import { type EcKey, type PrivateKey, type RsaKey } from "../keys/private_key.ts";
import { type Pkesk } from "./front.ts";
import { type SessionKey } from "./session_key.ts";

const RSA = 1;
const RSA_ENCRYPT_ONLY = 2;
const ECDH = 18;

/** Returns whether a PKESK is of the kind of a key. */
export function isForKind(pkesk: Pkesk, key: PrivateKey): boolean {
  return key.kind === "rsa" ? pkesk.algorithm === RSA || pkesk.algorithm === RSA_ENCRYPT_ONLY : pkesk.algorithm === ECDH;
}

/** Returns the session key that a PKESK holds for a key; `undefined` if there is none in it. */
export async function unlock(pkesk: Pkesk, key: PrivateKey): Promise<SessionKey | undefined> {
  const padded = key.kind === "rsa" ? openRsa(pkesk.sealed, key) : await openEcdh(pkesk.sealed, key);
  return padded && sessionKey(padded, pkesk.version);
}

/** Takes off the cipher's number, which version 3 has, and the checksum. */
function sessionKey(octets: Bytes, version: 3 | 6): SessionKey | undefined {
  const start = version === 3 ? 1 : 0;
  const end = octets.length - 2;
  if (end <= start) return undefined;
  const key = octets.slice(start, end);
  const sum = key.reduce((sum, octet) => (sum + octet) & 0xffff, 0);
  if (sum !== u16be(octets, end)) return undefined;
  return { cipher: version === 3 ? octets[0] : undefined, octets: key };
}

function openRsa(sealed: Bytes, key: RsaKey): Bytes | undefined {
  const number = readMpi(sealed, 0);
  if (number === undefined || number.end !== sealed.length || number.octets.length > key.size) return undefined;
  const block = key.raw(number.octets);
  if (block === undefined || block[0] !== 0 || block[1] !== 2) return undefined;
  // PKCS #1, at least eight octets of padding, then a zero (RFC 8017, section 7.2.2).
  const zero = block.indexOf(0, 2);
  return zero >= 10 ? block.subarray(zero + 1) : undefined;
}

async function openEcdh(sealed: Bytes, key: EcKey): Promise<Bytes | undefined> {
  const point = readMpi(sealed, 0);
  if (point === undefined) return undefined;
  const length = sealed[point.end];
  const wrapped = sealed.subarray(point.end + 1);
  if (length === undefined || wrapped.length !== length || length < 24 || length % 8 !== 0) return undefined;
  const secret = await key.agree(point.octets);
  if (secret === undefined) return undefined;
  const { curve } = key;
  // RFC 9580, section 11.5.
  const parameters = concat(
    Uint8Array.of(curve.encodedOid.length),
    curve.encodedOid,
    Uint8Array.of(ECDH, 3, 1, curve.hashId, curve.cipherId),
    encodeUtf8("Anonymous Sender    "),
    fromHex(key.fingerprint)!,
  );
  const input = concat(Uint8Array.of(0, 0, 0, 1), secret, parameters);
  const digest = new Uint8Array(await crypto.subtle.digest(curve.hash, input));
  const wrapLength = { 7: 16, 8: 24, 9: 32 }[curve.cipherId]!;
  let padded: Bytes;
  try {
    padded = aeskw(digest.subarray(0, wrapLength)).decrypt(wrapped) as Bytes;
  } catch {
    return undefined;
  }
  const padding = padded[padded.length - 1]!;
  const isRight = padding >= 1 && padding <= padded.length && padded.subarray(-padding).every((octet) => octet === padding);
  return isRight ? padded.subarray(0, padded.length - padding) : undefined;
}

/** Reads a number (RFC 9580, section 3.2). */
function readMpi(octets: Bytes, at: number): { octets: Bytes; end: number } | undefined {
  if (at + 2 > octets.length) return undefined;
  const bits = u16be(octets, at);
  const end = at + 2 + Math.ceil(bits / 8);
  if (end > octets.length) return undefined;
  const number = octets.subarray(at + 2, end);
  // The first bit that counts is set.
  return number[0] !== 0 && bitLength(number) === bits ? { octets: number, end } : undefined;
}
