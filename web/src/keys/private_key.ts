// Private keys that open: RSA and the NIST curves.

import { type Bytes, concat, equal } from "../bytes/bytes.ts";
import { BIT_STRING, Element, encode, INTEGER, OCTET_STRING, OID, SEQUENCE, context } from "../der/ber.ts";
import { Fault, malformed } from "../fault.ts";
import { bitLength, modPow, toBigInt, toOctets } from "./numbers.ts";
import { type Curve, type PublicKey, curveOf, fingerprintOf, keyIdentifierOf, unsupportedKey, weaknessOf } from "./public_key.ts";

interface Common {
  readonly publicKey: PublicKey;
  /** As one of OpenPGP, in lower-case hex. */
  readonly fingerprint: string;
  /** The usual SubjectKeyIdentifier of its certificates (RFC 5280, section 4.2.1.2). */
  readonly keyIdentifier: Bytes;
}

export interface RsaKey extends Common {
  readonly kind: "rsa";
  /** The octets of the modulus. */
  readonly size: number;
  /** The private key operation, without any padding. WebCrypto has it only with OAEP's. */
  raw(sealed: Uint8Array): Bytes | undefined;
  /** RSAES-OAEP (RFC 8017, section 7.1). */
  oaep(hash: string, label: Bytes, sealed: Bytes): Promise<Bytes | undefined>;
}

export interface EcKey extends Common {
  readonly kind: "ec";
  readonly curve: Curve;
  /** Agrees on a secret with an ephemeral point; `undefined` if that isn't one of the curve. */
  agree(point: Bytes): Promise<Bytes | undefined>;
}

export type PrivateKey = RsaKey | EcKey;

/** Reads PrivateKeyInfo (PKCS#8; RFC 5208, section 5). */
export async function fromPkcs8(der: Bytes): Promise<PrivateKey> {
  const parts = Element.whole(der).parts(SEQUENCE);
  if (parts.take(INTEGER).small() > 1) throw malformed("its version");
  const algorithm = parts.take(SEQUENCE).parts();
  const oid = algorithm.take().oid();
  const key = parts.take(OCTET_STRING).content;
  switch (oid) {
    case "1.2.840.113549.1.1.1":
      return fromPkcs1(key);
    case "1.2.840.10045.2.1":
      return fromSec1(key, namedCurve(algorithm.take()));
    case "1.3.101.110":
      throw unsupportedKey("an X25519 key");
    case "1.3.101.111":
      throw unsupportedKey("an X448 key");
    case "1.3.101.112":
      throw signsOnly("an Ed25519 key");
    case "1.3.101.113":
      throw signsOnly("an Ed448 key");
    case "1.2.840.10040.4.1":
      throw signsOnly("a DSA key");
    case "1.2.840.113549.1.1.10":
      throw signsOnly("an RSA key for RSASSA-PSS");
    default:
      throw unsupportedKey(`a key of the algorithm ${oid}`);
  }
}

export const signsOnly = (kind: string) =>
  new Fault("unsupported", `it is ${kind}, which can only sign, and opens nothing`, "drop the key of one of the recipients");

/** The parameters of an EC key name its curve, or spell it out (RFC 3279, section 2.3.5). */
function namedCurve(parameters: Element): string {
  if (parameters.tag === OID) return parameters.oid();
  throw new Fault(
    "unsupported",
    "its curve is spelled out instead of named, which the page doesn't support",
    "name it: `openssl pkey -in KEY -ec_param_enc named_curve -aes256 -out new.key`",
  );
}

/** Reads RSAPrivateKey (RFC 8017, appendix A.1.2). */
export async function fromPkcs1(der: Bytes): Promise<RsaKey> {
  const parts = Element.whole(der).parts(SEQUENCE);
  if (parts.take(INTEGER).small() !== 0) {
    throw new Fault("unsupported", "the page doesn't support RSA keys of more than two primes", "use the program: `callseal extract`");
  }
  const numbers = Array.from({ length: 8 }, () => parts.take(INTEGER).unsigned().slice());
  const [modulus, exponent] = numbers as [Bytes, Bytes];
  const publicKey: PublicKey = { kind: "rsa", modulus, exponent };
  const weakness = weaknessOf(publicKey);
  if (weakness !== undefined) throw new Fault("unsupported", `it ${weakness}`, "drop another key of a recipient");
  const size = Math.ceil(bitLength(modulus) / 8);
  if (numbers.some(({ length }) => length > modulus.length)) throw malformed("a number of the RSA key is longer than its modulus");
  const [n, , , p, q, dp, dq, qi] = numbers.map(toBigInt) as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];
  // With primes that don't fit, the operation would yield something else, in silence.
  if (p < 2n || q < 2n || p * q !== n || (qi * q) % p !== 1n) throw malformed("the primes of the RSA key don't fit its modulus");
  return {
    kind: "rsa",
    publicKey,
    fingerprint: await fingerprintOf(publicKey),
    keyIdentifier: await keyIdentifierOf(publicKey),
    size,
    raw(sealed) {
      const value = toBigInt(sealed);
      if (value >= n) return undefined;
      // The Chinese remainder theorem (RFC 8017, section 5.1.2).
      const m1 = modPow(value % p, dp, p);
      const m2 = modPow(value % q, dq, q);
      const h = ((((m1 - m2) % p) + p) * qi) % p;
      return toOctets(m2 + q * h, size);
    },
    async oaep(hash, label, sealed) {
      const base64url = (octets: Bytes) => btoa(String.fromCharCode(...octets)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
      const [kn, ke, kd, kp, kq, kdp, kdq, kqi] = numbers.map(base64url) as [string, string, string, string, string, string, string, string];
      const jwk = { kty: "RSA", n: kn, e: ke, d: kd, p: kp, q: kq, dp: kdp, dq: kdq, qi: kqi };
      try {
        const key = await crypto.subtle.importKey("jwk", jwk, { name: "RSA-OAEP", hash }, false, ["decrypt"]);
        return new Uint8Array(await crypto.subtle.decrypt({ name: "RSA-OAEP", label }, key, sealed));
      } catch {
        return undefined;
      }
    },
  };
}

/** Reads ECPrivateKey (RFC 5915, section 3), on a curve that it names itself, or that PKCS#8 names. */
export async function fromSec1(der: Bytes, curveOid?: string): Promise<EcKey> {
  const parts = Element.whole(der).parts(SEQUENCE);
  if (parts.take(INTEGER).small() !== 1) throw malformed("its version");
  const scalar = parts.take(OCTET_STRING).content;
  const parameters = parts.takeIf(context(0))?.parts().take();
  const stated = parts.takeIf(context(1))?.parts().take(BIT_STRING).bits();
  const oid = curveOid ?? (parameters && namedCurve(parameters));
  if (oid === undefined) throw malformed("the EC key doesn't name its curve");
  const curve = curveOf(oid);
  if (scalar.length > curve.size) throw malformed("the EC key is too long for its curve");
  const point = await publicPoint(curve, scalar);
  if (stated !== undefined && !equal(stated, point) && stated[0] === 4) throw malformed("the public part of the EC key isn't that of its private part");
  const algorithm = { name: "ECDH", namedCurve: curve.webCrypto };
  const own = await crypto.subtle.importKey("pkcs8", pkcs8(curve, scalar, point), algorithm, false, ["deriveBits"]);
  const publicKey: PublicKey = { kind: "ec", curve, point };
  return {
    kind: "ec",
    publicKey,
    fingerprint: await fingerprintOf(publicKey),
    keyIdentifier: await keyIdentifierOf(publicKey),
    curve,
    async agree(other) {
      try {
        // The browser checks that it is on the curve.
        const peer = await crypto.subtle.importKey("raw", other, algorithm, false, []);
        const bits = await crypto.subtle.deriveBits({ name: "ECDH", public: peer }, own, 8 * curve.size);
        return new Uint8Array(bits);
      } catch {
        return undefined;
      }
    },
  };
}

/** Returns the point that belongs to a private scalar: the browser computes it. */
async function publicPoint(curve: Curve, scalar: Bytes): Promise<Bytes> {
  const algorithm = { name: "ECDH", namedCurve: curve.webCrypto };
  try {
    const key = await crypto.subtle.importKey("pkcs8", pkcs8(curve, scalar, undefined), algorithm, true, ["deriveBits"]);
    const { x, y } = await crypto.subtle.exportKey("jwk", key);
    return concat(Uint8Array.of(4), fromBase64Url(x!), fromBase64Url(y!));
  } catch {
    throw malformed("the EC key isn't one of its curve");
  }
}

function fromBase64Url(text: string): Bytes {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** Returns PrivateKeyInfo, which is what the browser imports. */
function pkcs8(curve: Curve, scalar: Bytes, point: Bytes | undefined): Bytes {
  const padded = new Uint8Array(curve.size);
  padded.set(scalar, curve.size - scalar.length);
  const one = encode(INTEGER, Uint8Array.of(1));
  const zero = encode(INTEGER, Uint8Array.of(0));
  const publicPart = point === undefined
    ? new Uint8Array(0)
    : encode(context(1), encode(BIT_STRING, Uint8Array.of(0), point));
  const ecPublicKey = Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01);
  return encode(
    SEQUENCE,
    zero,
    encode(SEQUENCE, encode(OID, ecPublicKey), encode(OID, curve.encodedOid)),
    encode(OCTET_STRING, encode(SEQUENCE, one, encode(OCTET_STRING, padded), publicPart)),
  );
}
