// What a CMS signature over a list is worth, for named signers.

import { type Bytes, equal } from "../bytes/bytes.ts";
import { type Certificate } from "../keys/certificate.ts";
import { describe, namesCertificate } from "../keys/named.ts";
import { weaknessOf } from "../keys/public_key.ts";
import { type Scheme, schemeOf } from "./scheme.ts";
import { DATA, type SignedData, type SignerInfo } from "./signed_data.ts";

/** A clock of the signer's may be ahead by a day. */
const CLOCK_SKEW = 24 * 60 * 60 * 1000;
const LEAST_RSA_BITS = 2048;

/** What came of one signature. */
export interface SignatureVerdict {
  /** The signer's name: that of the named certificate, or as the signature claims. */
  readonly signer: string;
  /** The time of signing, as claimed, in milliseconds since 1970. */
  readonly claimed: number | undefined;
  readonly standing:
    | { readonly state: "holds"; readonly certificate: Certificate }
    /** It is by a named signer, and isn't valid. The fault continues "the signature of X". */
    | { readonly state: "fails"; readonly fault: string }
    /** It is by somebody else, or can't be read: noted, nothing more. */
    | { readonly state: "unknown" };
}

/** Judges each signature of a file over a content. */
export async function judge(
  data: SignedData,
  content: Bytes,
  signers: readonly Certificate[],
  now: number,
): Promise<SignatureVerdict[]> {
  const verdicts: SignatureVerdict[] = [];
  for (const info of data.signers) verdicts.push(await judgeOne(data, info, content, signers, now));
  return verdicts;
}

async function judgeOne(data: SignedData, info: SignerInfo, content: Bytes, signers: readonly Certificate[], now: number): Promise<SignatureVerdict> {
  const claimed = typeof info.attributes === "string" ? undefined : info.attributes.signingTime;
  let best: SignatureVerdict | undefined;
  for (const certificate of signers) {
    if (!namesCertificate(info.signer, certificate)) continue;
    const fault = await check(data, info, content, certificate) ?? unfit(certificate, claimed, now);
    const standing = fault === undefined ? ({ state: "holds", certificate } as const) : ({ state: "fails", fault } as const);
    if (best === undefined || standing.state === "holds") best = { signer: certificate.label, claimed, standing };
  }
  return best ?? { signer: claimedSigner(data, info), claimed, standing: { state: "unknown" } };
}

/** The name of whoever a signature claims to be by. Anybody can claim it. */
export function claimedSigner(data: SignedData, { signer }: SignerInfo): string {
  const certificate = data.certificates.find((certificate) => namesCertificate(signer, certificate));
  return certificate?.label ?? describe(signer);
}

/** Checks that the key of the certificate has signed this content. */
async function check(data: SignedData, info: SignerInfo, content: Bytes, certificate: Certificate): Promise<string | undefined> {
  const { attributes } = info;
  if (data.isEnveloping) return "is malformed: it holds a content of its own";
  if (typeof attributes === "string") return `is malformed: ${attributes}`;
  if (attributes.contentType !== DATA || data.contentType !== DATA) return "is malformed: it is for another type of content";
  const scheme: Scheme | string = schemeOf(info);
  if (typeof scheme === "string") return scheme;
  // What it is worth is another matter, but it has to be a key.
  const { publicKey } = certificate;
  if (publicKey === undefined) return "is by a certificate with a kind of key that this page doesn't support";
  const weakness = weaknessOf(publicKey, LEAST_RSA_BITS);
  if (weakness !== undefined) return `is by a certificate that ${weakness}`;
  const digest = new Uint8Array(await crypto.subtle.digest(scheme.hash, content));
  const isRight = equal(digest, attributes.messageDigest) && (await scheme.verifies(certificate, attributes.octets, info.signature));
  return isRight ? undefined : "does not fit what it is said to sign";
}

/** Returns why a certificate isn't fit to sign now, by the rules of the program (docs/format.md, Verifying). */
function unfit(certificate: Certificate, claimed: number | undefined, now: number): string | undefined {
  if (claimed !== undefined && claimed > now + CLOCK_SKEW) return `claims to have been made on ${timestamp(claimed)}, which is in the future`;
  if (now < certificate.notBefore) return `is by a certificate that is not valid before ${timestamp(certificate.notBefore)}`;
  if (now > certificate.notAfter) return `is by a certificate that expired on ${timestamp(certificate.notAfter)}`;
  const lacks = unfitForSignatures(certificate);
  return lacks === undefined ? undefined : `is by a certificate that is not for signatures: ${lacks}`;
}

const EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4";
const ANY_PURPOSE = "2.5.29.37.0";

/** Returns what a certificate lacks for signatures; `undefined` if it is for them. */
export function unfitForSignatures({ keyUsage, extendedKeyUsage }: Certificate): string | undefined {
  // digitalSignature and nonRepudiation (RFC 5280, section 4.2.1.3).
  if (keyUsage !== undefined && (keyUsage & 0xc0) === 0) return "its keyUsage lacks digitalSignature";
  const isForMails = extendedKeyUsage?.some((oid) => oid === EMAIL_PROTECTION || oid === ANY_PURPOSE) ?? true;
  return isForMails ? undefined : "its extendedKeyUsage lacks emailProtection";
}

/** RFC 3339, to the second. */
export const timestamp = (time: number) => `${new Date(1000 * Math.floor(time / 1000)).toISOString().slice(0, 19)}Z`;
