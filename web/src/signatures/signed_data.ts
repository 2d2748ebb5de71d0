// CMS SignedData (RFC 5652, section 5): signatures over a content that is somewhere else.

import { type Bytes, concat } from "../bytes/bytes.ts";
import { type Named, takeNamed } from "../cms/recipients.ts";
import { Element, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, context } from "../der/ber.ts";
import { Fault, malformed } from "../fault.ts";
import { type Certificate, parseCertificate, parseTime } from "../keys/certificate.ts";

/** The longest file of signatures, and the most signatures in it. */
const MOST_BYTES = 1024 * 1024;
const MOST_SIGNATURES = 64;
const MOST_CERTIFICATES = 64;

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
  readonly digest: string;
  readonly attributes: SignedAttributes | string;
  readonly algorithm: readonly Element[];
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
  if (octets.length > MOST_BYTES) return undefined;
  try {
    const info = Element.whole(octets).parts(SEQUENCE);
    if (info.take(OID).oid() !== SIGNED_DATA) return undefined;
    return await parse(info.take(context(0)).parts().take(SEQUENCE));
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

async function parse(element: Element): Promise<SignedData> {
  const parts = element.parts();
  parts.take(INTEGER);
  parts.take(SET); // the algorithms of all signatures, which each of them repeats
  const content = parts.take(SEQUENCE).children();
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
  if (signers.length > MOST_SIGNATURES) throw malformed("too many signatures");
  return {
    contentType: content[0]?.oid() ?? "",
    isEnveloping: content.length > 1,
    certificates,
    signers: signers.map(parseSigner),
  };
}

function parseSigner(element: Element): SignerInfo {
  const parts = element.parts(SEQUENCE);
  parts.take(INTEGER);
  const signer = takeNamed(parts);
  const digest = parts.take(SEQUENCE).children()[0]?.oid() ?? "";
  const attributes = parts.takeIf(context(0));
  const algorithm = parts.take(SEQUENCE).children();
  const signature = parts.take().octets().slice();
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
  const children = tagged.children();
  if (!tagged.isDer() || !areInOrder(children)) return "its signed attributes are not in DER";
  const found = new Map<string, readonly Element[]>();
  for (const attribute of children) {
    const parts = attribute.parts(SEQUENCE);
    const kind = parts.take(OID).oid();
    if (found.has(kind)) return "a signed attribute is there twice";
    found.set(kind, parts.take(SET).children());
    parts.end();
  }
  const one = (kind: string) => found.get(kind);
  const [type, digest, time] = ["1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4", "1.2.840.113549.1.9.5"].map(one);
  if ([type, digest, time].some((values) => values !== undefined && values.length !== 1)) {
    return "a signed attribute hasn't exactly one value";
  }
  if (type === undefined) return "it doesn't sign the type of the content";
  if (digest === undefined) return "it doesn't sign the hash of the content";
  let signingTime: number | undefined;
  try {
    signingTime = time && parseTime(time[0]!);
  } catch {
    return "its signing time can't be read";
  }
  return { octets, contentType: type[0]!.oid(), messageDigest: digest[0]!.expect(OCTET_STRING).content.slice(), signingTime };
}

/** The order of a SET OF in DER (X.690, section 11.6). */
function areInOrder(elements: readonly Element[]): boolean {
  return elements.every((element, place) => {
    const before = elements[place - 1];
    return before === undefined || compare(before.encoded, element.encoded) <= 0;
  });
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
