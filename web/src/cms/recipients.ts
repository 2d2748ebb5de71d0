// The recipients of a CMS message (RFC 5652, section 6.2), and the content's key from one of them.

import { aeskw } from "@noble/ciphers/aes.js";
import { type Bytes, concat } from "../bytes/bytes.ts";
import { readAlgorithm } from "../der/algorithm.ts";
import { BIT_STRING, Element, type Parts, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, context, encode } from "../der/ber.ts";
import { malformed } from "../fault.ts";
import { type Named } from "../keys/named.ts";
import { type PrivateKey } from "../keys/private_key.ts";

/** More than anybody seals to. */
const MOST_RECIPIENTS = 2000;
const MOST_PASSPHRASES = 8;
/** The longest names of certificates. */
const MOST_ISSUER = 4096;
const MOST_IDENTIFIER = 64;
/** The least octets of padding (RFC 8017, section 7.2.1). */
const LEAST_PADDING = 8;

export interface Recipient {
  readonly named: Named;
  /** Returns the content's key of that length, if what is sealed to `key` holds one. */
  open(key: PrivateKey, length: number): Promise<Bytes | undefined>;
  /** What it takes to open it, if that isn't supported here. */
  readonly unsupported: string | undefined;
}

export interface Recipients {
  readonly recipients: readonly Recipient[];
  readonly passphrases: number;
}

/** Reads the recipients of a message, of which no more needs to be there than they. */
export function cmsRecipients(message: Bytes): Recipients {
  const info = Element.begin(message, 0).expect(SEQUENCE);
  const type = Element.read(message, info.start).expect(OID);
  const content = Element.begin(message, type.end).expect(context(0));
  const body = Element.begin(message, content.start).expect(SEQUENCE);
  const version = Element.read(message, body.start).expect(INTEGER);
  let next = Element.read(message, version.end);
  // originatorInfo: certificates and CRLs.
  if (next.tag === context(0)) next = Element.read(message, next.end);
  return readRecipients(next.expect(SET));
}

/** Reads RecipientInfos. */
export function readRecipients(set: Element): Recipients {
  const recipients: Recipient[] = [];
  let passphrases = 0;
  let all = 0;
  for (const info of set.eachChild()) {
    switch (info.tag) {
      case SEQUENCE:
        recipients.push(transport(info));
        break;
      case context(1):
        recipients.push(...agreement(info));
        break;
      case context(3):
        passphrases++;
        break;
      case context(2):
        break;
      case context(4):
        recipients.push(...encapsulation(info));
        break;
      default:
        throw malformed("a recipient of an unknown kind");
    }
    if (++all > MOST_RECIPIENTS || recipients.length > MOST_RECIPIENTS) throw malformed("it has too many recipients");
    if (passphrases > MOST_PASSPHRASES) throw malformed("it is sealed with too many passphrases");
  }
  return { recipients, passphrases };
}

/** Takes the name of a certificate: a key identifier with that tag, or an issuer and a serial number. */
export function takeNamed(parts: Parts): Named {
  const identifier = parts.takeIf(context(0, false), context(0));
  return identifier === undefined
    ? issuerAndSerial(parts.take(SEQUENCE))
    : { kind: "key identifier", identifier: identifier.octets(context(0, false)).slice() };
}

function issuerAndSerial(element: Element): Named {
  const parts = element.parts(SEQUENCE);
  // A name is the same however its lengths are written.
  const issuer = parts.take(SEQUENCE).wellFormed().asDer();
  const serial = parts.take(INTEGER).content;
  parts.end();
  if (issuer.length > MOST_ISSUER || serial.length === 0 || serial.length > MOST_IDENTIFIER) throw malformed("the name of a certificate");
  return { kind: "issuer", issuer, serial: serial.slice() };
}

/** The version, which follows from the rest. */
export function takeVersion(parts: Parts): void {
  if (parts.take(INTEGER).small() > 255) throw malformed("a version");
}

/** KeyTransRecipientInfo (RFC 5652, section 6.2.1). */
function transport(info: Element): Recipient {
  const parts = info.parts();
  takeVersion(parts);
  const named = takeNamed(parts);
  const { oid, parameters, isPlain } = readAlgorithm(parts.take());
  const sealed = parts.take().octets().slice();
  parts.end();
  if (oid === "1.2.840.113549.1.1.1" && isPlain) {
    return { named, unsupported: undefined, open: async (key, length) => openPkcs1(key, sealed, length) };
  }
  const oaep = oid === "1.2.840.113549.1.1.7" ? oaepParameters(parameters) : undefined;
  if (oaep === undefined) {
    return { named, unsupported: `the key transport ${oid}`, open: async () => undefined };
  }
  return {
    named,
    unsupported: undefined,
    async open(key, length) {
      if (key.kind !== "rsa" || sealed.length !== key.size) return undefined;
      const opened = await key.oaep(oaep.hash, oaep.label, sealed);
      return opened?.length === length ? opened : undefined;
    },
  };
}

/** The padding is that of a key of this length, or it isn't one (RFC 8017, section 7.2.2). */
function openPkcs1(key: PrivateKey, sealed: Bytes, length: number): Bytes | undefined {
  if (key.kind !== "rsa" || sealed.length !== key.size) return undefined;
  const block = key.raw(sealed);
  if (block === undefined) return undefined;
  const end = block.length - length - 1;
  if (end < 2 + LEAST_PADDING) return undefined;
  let isWrong = block[0] !== 0 || block[1] !== 2 || block[end] !== 0;
  for (let i = 2; i < end; i++) isWrong = block[i] === 0 || isWrong;
  return isWrong ? undefined : block.slice(end + 1);
}

const HASHES: Readonly<Record<string, string>> = {
  "1.3.14.3.2.26": "SHA-1",
  "2.16.840.1.101.3.4.2.1": "SHA-256",
  "2.16.840.1.101.3.4.2.2": "SHA-384",
  "2.16.840.1.101.3.4.2.3": "SHA-512",
};

/** RFC 4055, section 4.1. WebCrypto uses one hash for the label and the mask. */
function oaepParameters(parameters: Element | undefined): { hash: string; label: Bytes } | undefined {
  if (parameters === undefined) return undefined;
  const parts = parameters.parts(SEQUENCE);
  const hashOf = (algorithm: Element | undefined) => HASHES[algorithm?.children()[0]?.oid() ?? "1.3.14.3.2.26"];
  const hash = hashOf(parts.takeIf(context(0))?.children()[0]);
  const mask = parts.takeIf(context(1))?.children()[0]?.children();
  if (mask !== undefined && mask[0]?.oid() !== "1.2.840.113549.1.1.8") return undefined;
  const maskHash = hashOf(mask?.[1]);
  const source = parts.takeIf(context(2))?.children()[0]?.children();
  const label = source === undefined ? new Uint8Array(0) : source[1]?.octets().slice();
  return hash !== undefined && hash === maskHash && label !== undefined ? { hash, label } : undefined;
}

/** The hashes of key agreement schemes (RFC 5753, section 7.1.4). */
const AGREEMENTS: Readonly<Record<string, string>> = {
  "1.3.133.16.840.63.0.2": "SHA-1",
  "1.3.133.16.840.63.0.3": "SHA-1",
  "1.3.132.1.11.1": "SHA-256",
  "1.3.132.1.14.1": "SHA-256",
  "1.3.132.1.11.2": "SHA-384",
  "1.3.132.1.14.2": "SHA-384",
  "1.3.132.1.11.3": "SHA-512",
  "1.3.132.1.14.3": "SHA-512",
};

/** The key lengths of AES key wrap (RFC 3394). */
const WRAPS: Readonly<Record<string, number>> = {
  "2.16.840.1.101.3.4.1.5": 16,
  "2.16.840.1.101.3.4.1.25": 24,
  "2.16.840.1.101.3.4.1.45": 32,
};

/** KeyAgreeRecipientInfo (RFC 5652, section 6.2.2): one ephemeral key for some recipients. */
function agreement(info: Element): Recipient[] {
  const parts = info.parts();
  takeVersion(parts);
  const ephemeral = ephemeralKey(parts.take(context(0)));
  const userKeyingMaterial = parts.takeIf(context(1))?.children()[0]?.octets().slice();
  const { oid: scheme, parameters } = readAlgorithm(parts.take());
  const hash = AGREEMENTS[scheme];
  const wrapAlgorithm = hash === undefined || parameters === undefined ? undefined : readAlgorithm(parameters);
  const wrapLength = wrapAlgorithm?.isPlain ? WRAPS[wrapAlgorithm.oid] : undefined;
  const sealedKeys = parts.take(SEQUENCE).children();
  parts.end();
  return sealedKeys.map((element): Recipient => {
    const recipient = element.parts(SEQUENCE);
    const identifier = recipient.takeIf(context(0));
    const named: Named = identifier === undefined
      ? issuerAndSerial(recipient.take(SEQUENCE))
      : { kind: "key identifier", identifier: identifier.parts().take(OCTET_STRING).content.slice() };
    const wrapped = recipient.take().octets().slice();
    recipient.end();
    if (hash === undefined || wrapAlgorithm === undefined || wrapLength === undefined || ephemeral === undefined) {
      return { named, unsupported: `the key agreement ${scheme}`, open: async () => undefined };
    }
    return {
      named,
      unsupported: undefined,
      async open(key, length) {
        if (key.kind !== "ec" || wrapped.length !== length + 8) return undefined;
        const secret = await key.agree(ephemeral);
        if (secret === undefined) return undefined;
        const shared = sharedInfo(wrapAlgorithm.encoded, userKeyingMaterial, wrapLength);
        const wrappingKey = await x963(hash, secret, shared, wrapLength);
        try {
          return aeskw(wrappingKey).decrypt(wrapped) as Bytes;
        } catch {
          return undefined;
        }
      },
    };
  });
}

/** Returns the originator's point, if its key is in the message: static keys would have to come from elsewhere. */
function ephemeralKey(originator: Element): Bytes | undefined {
  const [key, ...more] = originator.children();
  if (key === undefined || more.length > 0) throw malformed("an originator");
  if (key.wellFormed().tag !== context(1)) return undefined;
  const parts = key.parts();
  // The curve doesn't matter: the point has to be on the recipient's.
  const { oid } = readAlgorithm(parts.take());
  const bits = parts.take(BIT_STRING);
  parts.end();
  return oid === "1.2.840.10045.2.1" && bits.content[0] === 0 ? bits.bits().slice() : undefined;
}

/** KEMRecipientInfo (RFC 9629, section 3), one kind of OtherRecipientInfo. */
function encapsulation(info: Element): Recipient[] {
  const parts = info.parts();
  if (parts.take(OID).oid() !== "1.2.840.113549.1.9.16.13.3") return [];
  const fields = parts.take(SEQUENCE).parts();
  takeVersion(fields);
  return [{ named: takeNamed(fields), unsupported: "key encapsulation", open: async () => undefined }];
}

/** ECC-CMS-SharedInfo (RFC 5753, section 7.2). */
function sharedInfo(keyInfo: Bytes, userKeyingMaterial: Bytes | undefined, length: number): Bytes {
  const material = userKeyingMaterial === undefined
    ? new Uint8Array(0)
    : encode(context(0), encode(OCTET_STRING, userKeyingMaterial));
  const bits = Uint8Array.of(0, 0, 0, 0);
  new DataView(bits.buffer).setUint32(0, 8 * length);
  return encode(SEQUENCE, keyInfo, material, encode(context(2), encode(OCTET_STRING, bits)));
}

/** The KDF of ANSI X9.63 (SEC 1, section 3.6.1). */
async function x963(hash: string, secret: Bytes, shared: Bytes, length: number): Promise<Bytes> {
  let derived: Bytes = new Uint8Array(0);
  for (let counter = 1; derived.length < length; counter++) {
    const input = concat(secret, Uint8Array.of(0, 0, 0, counter), shared);
    derived = concat(derived, new Uint8Array(await crypto.subtle.digest(hash, input)));
  }
  return derived.subarray(0, length);
}
