// CMS SignedData (RFC 5652, section 5): signatures over a content that is somewhere else.

import { type Bytes, compare, concat } from "../bytes/bytes.ts";
import { takeNamed, takeVersion } from "../cms/recipients.ts";
import { type Algorithm, readAlgorithm } from "../der/algorithm.ts";
import { Element, OCTET_STRING, OID, SEQUENCE, SET, context, isShortest } from "../der/ber.ts";
import { Fault, malformed } from "../fault.ts";
import { type Certificate, parseCertificate, parseTime } from "../keys/certificate.ts";
import { type Named } from "../keys/named.ts";

/** The longest file of signatures, and the most signatures in it. */
export const MOST_SIGNATURE_BYTES = 1024 * 1024;
export const MOST_SIGNATURES = 64;
const MOST_CERTIFICATES = 64;

/** The octets of a tag and a length for which bcder, the program's reader, has room. */
const LONGEST_HEADER = 6;

const SIGNED_DATA = "1.2.840.113549.1.7.2";
export const DATA = "1.2.840.113549.1.7.1";

export interface SignedData {
  readonly contentType: string;
  /** Whether it holds a content of its own. */
  readonly isEnveloping: boolean;
  /** Those that come with the signatures. They prove nothing, and give names. */
  readonly certificates: readonly Certificate[];
  readonly signers: readonly SignerInfo[];
}

/** One signature. */
export interface SignerInfo {
  /** The certificate that it names as the signer's. */
  readonly signer: Named;
  readonly digest: Algorithm;
  readonly attributes: SignedAttributes | string;
  readonly algorithm: Algorithm;
  readonly signature: Bytes;
}

export interface SignedAttributes {
  /** As they are signed: DER, with the tag of a SET. */
  readonly octets: Bytes;
  readonly contentType: string;
  readonly messageDigest: Bytes;
  /** Milliseconds since 1970. */
  readonly signingTime: number | undefined;
}

/** Reads a file of signatures; `undefined` if it is anything else. */
export async function readSignedData(octets: Bytes): Promise<SignedData | undefined> {
  if (octets.length > MOST_SIGNATURE_BYTES) return undefined;
  try {
    const whole = Element.whole(octets);
    // Nothing is passed over that the program refuses, and so the whole file: certificates of strangers, say.
    whole.wellFormed(LONGEST_HEADER);
    const info = whole.parts(SEQUENCE);
    if (info.take(OID).oid() !== SIGNED_DATA) return undefined;
    const content = info.take(context(0)).parts();
    info.end();
    const data = content.take(SEQUENCE);
    content.end();
    return await parse(data);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

async function parse(element: Element): Promise<SignedData> {
  const parts = element.parts();
  takeVersion(parts);
  parts.take(SET); // the algorithms of all signatures, which each of them repeats
  const content = parts.take(SEQUENCE).parts();
  const contentType = content.take(OID).oid();
  const isEnveloping = content.takeAny() !== undefined;
  content.end();
  const certificates: Certificate[] = [];
  for (const certificate of parts.takeIf(context(0))?.children().slice(0, MOST_CERTIFICATES) ?? []) {
    if (certificate.tag !== SEQUENCE) continue;
    try {
      certificates.push(await parseCertificate(certificate.encoded));
    } catch (error) {
      // A stranger's, of an unknown form.
      if (!(error instanceof Fault)) throw error;
    }
  }
  parts.takeIf(context(1)); // CRLs
  const signers = parts.take(SET).children();
  parts.end();
  if (signers.length > MOST_SIGNATURES) throw malformed("too many signatures");
  return {
    contentType,
    isEnveloping,
    certificates,
    signers: signers.map(parseSigner),
  };
}

function parseSigner(element: Element): SignerInfo {
  const parts = element.parts(SEQUENCE);
  takeVersion(parts);
  const signer = takeNamed(parts);
  if (signer.kind === "issuer" && !isShortest(signer.serial)) throw malformed("a serial number");
  const digest = readAlgorithm(parts.take(SEQUENCE));
  const attributes = parts.takeIf(context(0));
  const algorithm = readAlgorithm(parts.take(SEQUENCE));
  const signature = parts.take().octets().slice();
  parts.takeIf(context(1)); // attributes that aren't signed
  parts.end();
  return {
    signer,
    digest,
    attributes: attributes === undefined ? "it has no signed attributes" : readAttributes(attributes),
    algorithm,
    signature,
  };
}

/** Reads the signed attributes (RFC 5652, section 11), or says what is wrong with them. */
function readAttributes(tagged: Element): SignedAttributes | string {
  // What is signed has the tag of a SET (RFC 5652, section 5.4).
  const octets = concat(Uint8Array.of(SET), tagged.encoded.subarray(1));
  const attributes = orUndefined(() => tagged.children().map(readAttribute));
  if (attributes === undefined || !tagged.isDer() || !areInOrder(tagged.children())) return "its signed attributes are not in DER";
  const [types, digests, times] = ["1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4", "1.2.840.113549.1.9.5"].map((kind) =>
    attributes.filter((attribute) => attribute.kind === kind),
  ) as [Attribute[], Attribute[], Attribute[]];
  for (const found of [types, digests, times]) {
    if (found.length > 1) return "a signed attribute is there twice";
    if (found.some(({ values }) => values.length !== 1)) return "a signed attribute hasn't exactly one value";
  }
  const [type, digest, time] = [types, digests, times].map((found) => found[0]?.values[0]);
  const contentType = type && orUndefined(() => type.oid());
  if (contentType === undefined) return "it doesn't sign the type of the content";
  const messageDigest = digest && orUndefined(() => digest.expect(OCTET_STRING).content.slice());
  if (messageDigest === undefined) return "it doesn't sign the hash of the content";
  const signingTime = time && orUndefined(() => parseTime(time));
  // The program has no times before 1970.
  if (time !== undefined && (signingTime === undefined || signingTime < 0)) return "its signing time can't be read";
  return { octets, contentType, messageDigest, signingTime };
}

interface Attribute {
  readonly kind: string;
  readonly values: readonly Element[];
}

function readAttribute(element: Element): Attribute {
  const parts = element.parts(SEQUENCE);
  const kind = parts.take(OID).oid();
  const values = parts.take(SET).children();
  parts.end();
  return { kind, values };
}

/** Returns what was read, or `undefined` if it is malformed. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** The order of a SET OF in DER (X.690, section 11.6). */
function areInOrder(elements: readonly Element[]): boolean {
  return elements.every((element, place) => {
    const before = elements[place - 1];
    return before === undefined || compare(before.encoded, element.encoded) <= 0;
  });
}
