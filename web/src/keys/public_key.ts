// Public keys of X.509 as keys of OpenPGP: their fingerprints.
//
// The key gets version 4 and the creation time 0. So the fingerprint depends on the key material
// alone, and a private key finds its messages without its certificate (docs/format.md).

import { type Bytes, concat, hex, sha1 } from "../bytes/bytes.ts";
import { BIT_STRING, Element, INTEGER, SEQUENCE, encode } from "../der/ber.ts";
import { Fault } from "../fault.ts";
import { bitLength, withoutZeros } from "./numbers.ts";

/** What OpenPGP (RFC 9580, sections 9.1 and 9.2) and WebCrypto call a curve. */
export interface Curve {
  readonly name: string;
  readonly webCrypto: "P-256" | "P-384" | "P-521";
  readonly oid: string;
  /** The object identifier as it is encoded. */
  readonly encodedOid: Bytes;
  /** The octets of a coordinate. */
  readonly size: number;
  /** The hash and the cipher of the default KDF parameters (RFC 9580, section 11.5.1). */
  readonly hash: "SHA-256" | "SHA-384" | "SHA-512";
  readonly hashId: number;
  readonly cipherId: number;
}

export const CURVES: readonly Curve[] = [
  {
    name: "NIST P-256",
    webCrypto: "P-256",
    oid: "1.2.840.10045.3.1.7",
    encodedOid: Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07),
    size: 32,
    hash: "SHA-256",
    hashId: 8,
    cipherId: 7,
  },
  {
    name: "NIST P-384",
    webCrypto: "P-384",
    oid: "1.3.132.0.34",
    encodedOid: Uint8Array.of(0x2b, 0x81, 0x04, 0x00, 0x22),
    size: 48,
    hash: "SHA-384",
    hashId: 9,
    cipherId: 8,
  },
  {
    name: "NIST P-521",
    webCrypto: "P-521",
    oid: "1.3.132.0.35",
    encodedOid: Uint8Array.of(0x2b, 0x81, 0x04, 0x00, 0x23),
    size: 66,
    hash: "SHA-512",
    hashId: 10,
    cipherId: 9,
  },
];

/** Those that the program supports. */
const OTHER_CURVES: Readonly<Record<string, string>> = {
  "1.3.36.3.3.2.8.1.1.7": "brainpoolP256r1",
  "1.3.36.3.3.2.8.1.1.11": "brainpoolP384r1",
  "1.3.36.3.3.2.8.1.1.13": "brainpoolP512r1",
};

/** A kind of key that neither the page nor the program opens with. */
export const unsupportedKey = (kind: string) =>
  new Fault("unsupported", `it has ${kind}, which callseal doesn't support`, "use an RSA key, or an EC key on P-256, P-384 or P-521");

/** The sizes of RSA keys that open old messages, in bits. */
const LEAST_RSA_BITS = 1024;
const MOST_RSA_BITS = 16_384;
const MOST_EXPONENT_BITS = 64;

/** Returns why a key can't be relied on, to continue what has it; `undefined` if nothing is wrong with it. */
export function weaknessOf(key: PublicKey, leastRsaBits = LEAST_RSA_BITS): string | undefined {
  if (key.kind !== "rsa") return undefined;
  const [modulus, exponent] = [key.modulus, key.exponent].map(withoutZeros) as [Bytes, Bytes];
  const bits = bitLength(modulus);
  if (bits < leastRsaBits || bits > MOST_RSA_BITS) return `has an RSA key of ${bits} bits, and at least ${leastRsaBits} (at most ${MOST_RSA_BITS}) are needed`;
  const isEven = (number: Bytes) => number.at(-1)! % 2 === 0;
  // With the exponent 1 nothing is sealed.
  if (isEven(exponent) || bitLength(exponent) < 2 || bitLength(exponent) > MOST_EXPONENT_BITS) return "has an RSA key with an unusable public exponent";
  return isEven(modulus) ? "has an RSA key with an unusable modulus" : undefined;
}

const SECP256K1 = "1.3.132.0.10";

const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
const EC_PUBLIC_KEY = "1.2.840.10045.2.1";

export type PublicKey =
  | { readonly kind: "rsa"; readonly modulus: Bytes; readonly exponent: Bytes }
  | { readonly kind: "ec"; readonly curve: Curve; readonly point: Bytes };

/** Returns a curve by its object identifier. */
export function curveOf(oid: string): Curve {
  const curve = CURVES.find((curve) => curve.oid === oid);
  if (curve !== undefined) return curve;
  const other = OTHER_CURVES[oid];
  if (other === undefined) throw unsupportedKey(`a key on the curve ${oid === SECP256K1 ? "secp256k1" : oid}`);
  throw new Fault("unsupported", `the page doesn't support keys on the curve ${other}`, "use the program: `callseal extract`");
}

/** Reads SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7), or says which kind of key it is. */
export function parsePublicKey(info: Element): PublicKey {
  const parts = info.parts(SEQUENCE);
  const algorithm = parts.take(SEQUENCE).parts();
  const oid = algorithm.take().oid();
  const bits = parts.take(BIT_STRING).bits();
  switch (oid) {
    case RSA_ENCRYPTION: {
      const numbers = Element.whole(bits).parts(SEQUENCE);
      return { kind: "rsa", modulus: numbers.take().unsigned().slice(), exponent: numbers.take().unsigned().slice() };
    }
    case EC_PUBLIC_KEY: {
      const curve = curveOf(algorithm.take().oid());
      if (bits.length !== 1 + 2 * curve.size || bits[0] !== 4) {
        throw new Fault("unsupported", "the page doesn't support compressed points", "use the program: `callseal extract`");
      }
      return { kind: "ec", curve, point: bits.slice() };
    }
    default:
      throw new Fault("unsupported", `it has a key of the algorithm ${oid}, which opens nothing here`);
  }
}

/** Names the kind of a key for people. */
export function keyKind(key: PublicKey): string {
  return key.kind === "rsa" ? `RSA, ${bitLength(key.modulus)} bits` : `EC, ${key.curve.name}`;
}

/** Returns the fingerprint of the key as one of OpenPGP, in lower-case hex (RFC 9580, section 5.5.4.2). */
export async function fingerprintOf(key: PublicKey): Promise<string> {
  const fields = key.kind === "rsa"
    ? concat(Uint8Array.of(1), mpi(key.modulus), mpi(key.exponent))
    : concat(
        Uint8Array.of(18, key.curve.encodedOid.length),
        key.curve.encodedOid,
        mpi(key.point),
        Uint8Array.of(3, 1, key.curve.hashId, key.curve.cipherId),
      );
  const body = concat(Uint8Array.of(4, 0, 0, 0, 0), fields);
  return hex(await sha1(concat(Uint8Array.of(0x99, body.length >> 8, body.length & 255), body)));
}

/** Returns what most issuers give to the key's certificates as SubjectKeyIdentifier: the SHA-1 of its bits (RFC 5280, section 4.2.1.2). */
export function keyIdentifierOf(key: PublicKey): Promise<Bytes> {
  return sha1(key.kind === "ec" ? key.point : encode(SEQUENCE, integer(key.modulus), integer(key.exponent)));
}

/** A number that isn't negative, as DER has it. */
function integer(octets: Bytes): Bytes {
  const number = withoutZeros(octets);
  return encode(INTEGER, number[0]! & 0x80 ? Uint8Array.of(0) : new Uint8Array(0), number);
}

/** A number as OpenPGP has it (RFC 9580, section 3.2). */
function mpi(octets: Bytes): Bytes {
  const number = withoutZeros(octets);
  const bits = bitLength(number);
  return concat(Uint8Array.of(bits >> 8, bits & 255), number);
}
