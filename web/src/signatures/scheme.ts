// The algorithms of signatures (RFC 5754, RFC 4056), on WebCrypto.

import { type Bytes } from "../bytes/bytes.ts";
import { type Algorithm, readAlgorithm } from "../der/algorithm.ts";
import { Element, INTEGER, SEQUENCE, context } from "../der/ber.ts";
import { Fault } from "../fault.ts";
import { type Certificate } from "../keys/certificate.ts";
import { type SignerInfo } from "./signed_data.ts";

interface Hash {
  readonly name: string;
  readonly oid: string;
  readonly withRsa: string;
  readonly withEcdsa: string;
}

const HASHES: readonly Hash[] = [
  { name: "SHA-256", oid: "2.16.840.1.101.3.4.2.1", withRsa: "1.2.840.113549.1.1.11", withEcdsa: "1.2.840.10045.4.3.2" },
  { name: "SHA-384", oid: "2.16.840.1.101.3.4.2.2", withRsa: "1.2.840.113549.1.1.12", withEcdsa: "1.2.840.10045.4.3.3" },
  { name: "SHA-512", oid: "2.16.840.1.101.3.4.2.3", withRsa: "1.2.840.113549.1.1.13", withEcdsa: "1.2.840.10045.4.3.4" },
];
/** The hash that an algorithm is, if that needs no parameters (RFC 5754, section 2). */
const hashOf = ({ oid, isPlain }: Algorithm): Hash | undefined => (isPlain ? HASHES.find((hash) => hash.oid === oid) : undefined);
const WEAK: Readonly<Record<string, string>> = { "1.3.14.3.2.26": "SHA-1", "1.2.840.113549.2.5": "MD5" };
const RSA = "1.2.840.113549.1.1.1";
const PSS = "1.2.840.113549.1.1.10";
const MGF1 = "1.2.840.113549.1.1.8";

export interface Scheme {
  readonly hash: string;
  /** Returns whether the certificate's key made this signature of these octets. */
  verifies(certificate: Certificate, octets: Bytes, signature: Bytes): Promise<boolean>;
}

/** Returns the scheme of a signature, or what is wrong with it, to continue "the signature of X". */
export function schemeOf(info: SignerInfo): Scheme | string {
  const hash = hashOf(info.digest);
  if (hash === undefined) {
    const weak = WEAK[info.digest.oid];
    return weak === undefined ? `uses the hash ${info.digest.oid}, which callseal doesn't support` : `uses ${weak}, which can be forged`;
  }
  const { oid, parameters, isPlain } = info.algorithm;
  if (isPlain && (oid === RSA || oid === hash.withRsa)) return rsa(hash, { name: "RSASSA-PKCS1-v1_5", hash: hash.name }, "RSASSA-PKCS1-v1_5");
  if (isPlain && oid === hash.withEcdsa) return ecdsa(hash);
  if (oid === PSS) {
    const saltLength = pssSalt(parameters, hash);
    if (saltLength === undefined) return "uses RSA-PSS with unusual parameters, which callseal doesn't support";
    return rsa(hash, { name: "RSA-PSS", hash: hash.name }, { name: "RSA-PSS", saltLength });
  }
  const isOther = HASHES.some(({ withRsa, withEcdsa }) => oid === withRsa || oid === withEcdsa);
  return isOther ? "is malformed: it has two kinds of hashes" : `uses the algorithm ${oid}, which callseal doesn't support`;
}

function rsa(hash: Hash, imported: RsaHashedImportParams, algorithm: string | RsaPssParams): Scheme {
  return {
    hash: hash.name,
    verifies: (certificate, octets, signature) =>
      certificate.publicKey?.kind !== "rsa" ? Promise.resolve(false) : check(certificate, imported, algorithm, signature, octets),
  };
}

function ecdsa(hash: Hash): Scheme {
  return {
    hash: hash.name,
    async verifies({ publicKey, ...certificate }, octets, signature) {
      if (publicKey?.kind !== "ec") return false;
      const { webCrypto: namedCurve, size } = publicKey.curve;
      const raw = rawSignature(signature, size);
      if (raw === undefined) return false;
      const algorithm = { name: "ECDSA", namedCurve };
      return check(certificate, algorithm, { name: "ECDSA", hash: hash.name } as EcdsaParams, raw, octets);
    },
  };
}

async function check(
  { publicKeyInfo }: Pick<Certificate, "publicKeyInfo">,
  imported: RsaHashedImportParams | EcKeyImportParams,
  algorithm: string | RsaPssParams | EcdsaParams,
  signature: Bytes,
  octets: Bytes,
): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("spki", publicKeyInfo, imported, false, ["verify"]);
    return await crypto.subtle.verify(algorithm, key, signature, octets);
  } catch {
    return false;
  }
}

/** ECDSA-Sig-Value (RFC 5753, section 7.2) as WebCrypto has it: two numbers of one length. */
function rawSignature(der: Bytes, size: number): Bytes | undefined {
  let numbers: Bytes[];
  try {
    const whole = Element.whole(der);
    if (!whole.isDer()) return undefined;
    const parts = whole.parts(SEQUENCE);
    numbers = [parts.take(INTEGER).unsigned(), parts.take(INTEGER).unsigned()];
    parts.end();
  } catch {
    return undefined;
  }
  const raw = new Uint8Array(2 * size);
  for (const [place, number] of numbers.entries()) {
    if (number.length > size) return undefined;
    raw.set(number, (place + 1) * size - number.length);
  }
  return raw;
}

/** Returns the length of the salt, if the hash is everywhere the same (RFC 4055, section 3.1). */
function pssSalt(parameters: Element | undefined, hash: Hash): number | undefined {
  try {
    const parts = parameters?.parts(SEQUENCE);
    const [own, mask, salt, trailer] = [0, 1, 2, 3].map((number) => only(parts?.takeIf(context(number))));
    parts?.end();
    const maskAlgorithm = mask && readAlgorithm(mask);
    const maskHash = maskAlgorithm?.oid === MGF1 && maskAlgorithm.parameters && hashOf(readAlgorithm(maskAlgorithm.parameters));
    const saltLength = salt?.small() ?? 20;
    const isUsual = own !== undefined && hashOf(readAlgorithm(own)) === hash && maskHash === hash && (trailer?.small() ?? 1) === 1;
    return isUsual && saltLength <= 0xffff ? saltLength : undefined;
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** The one element in another. */
function only(element: Element | undefined): Element | undefined {
  const parts = element?.parts();
  const one = parts?.take();
  parts?.end();
  return one;
}
