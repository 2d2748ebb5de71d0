// Opening a CMS message: EnvelopedData with AES in CBC mode, AuthEnvelopedData with AES in GCM mode.

import { type Bytes } from "../bytes/bytes.ts";
import { Element, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, context } from "../der/ber.ts";
import { Fault, altered, malformed, unsupported } from "../fault.ts";
import { type HeldKey, type Keyring } from "../keys/keyring.ts";
import { BLOCK, blockCipher } from "../ciphers/aes_block.ts";
import { checkPadding } from "../bytes/padding.ts";
import { type Recipient, type Recipients, readRecipients } from "./recipients.ts";

/** The private key operations that one message may cost. Recipients don't name keys, so that many may have to be tried. */
const MOST_TRIALS = 64;
/** The keys that they yield and that are tried: anybody can put a false recipient in front of the others. */
const MOST_KEYS = 8;
/** What is decrypted at once. */
const PIECE = 4 * 1024 * 1024;

export interface OpenedCms {
  readonly content: Bytes;
  /** Whether its kind shows that every octet is what was sealed: GCM does, CBC can't. */
  readonly isAuthentic: boolean;
}

/** Returns whether octets may begin a CMS message: a SEQUENCE. */
export const beginsCms = (octets: Uint8Array) => octets[0] === SEQUENCE;

/** Returns whether octets surely begin one: a SEQUENCE that begins with an object identifier. */
export function beginsContentInfo(octets: Uint8Array): boolean {
  const length = octets[1] ?? 0xff;
  return beginsCms(octets) && length <= 0x88 && octets[length <= 0x80 ? 2 : 2 + (length & 0x0f)] === OID;
}

/** Opens a message with the keys at hand. Its octets are used up. */
export async function openCms(message: Bytes, keyring: Keyring, onProgress: (octets: number) => void): Promise<OpenedCms> {
  const front = readFront(message);
  if (keyring.keys.length === 0) throw new Fault("no key", "it is sealed, and no private key is here", "drop your private key into the page");
  let tried = 0;
  for await (const key of contentKeys(front, keyring)) {
    if (++tried > MOST_KEYS) break;
    const content = front.tag === undefined
      ? await openCbc(front, key, onProgress)
      : await openGcm(front, front.tag, key, onProgress);
    if (content !== undefined) return { content, isAuthentic: front.tag !== undefined };
  }
  throw tried > 0 ? altered() : noKey(front);
}

interface Front {
  readonly recipients: Recipients;
  readonly keyLength: number;
  /** The IV of CBC, or the nonce of GCM. */
  readonly iv: Bytes;
  readonly content: Bytes;
  /** The tag of AuthEnvelopedData. */
  readonly tag: Bytes | undefined;
}

function readFront(message: Bytes): Front {
  const info = Element.read(message);
  checkPadding(message.subarray(info.end));
  const outer = info.parts(SEQUENCE);
  const type = outer.take(OID).oid();
  const isAuthEnveloped = type === "1.2.840.113549.1.9.16.1.23";
  if (!isAuthEnveloped && type !== "1.2.840.113549.1.7.3") throw notEnveloped(type);
  const body = outer.take(context(0)).parts().take(SEQUENCE).parts();
  outer.end();
  if (body.take(INTEGER).small() > 4) throw unsupported("an unknown version of CMS");
  body.takeIf(context(0)); // originatorInfo: certificates and CRLs
  const recipients = readRecipients(body.take(SET));
  const sealed = body.take(SEQUENCE).parts();
  sealed.take(OID);
  const cipher = sealed.take(SEQUENCE).children();
  const content = sealed.takeIf(context(0), context(0, false));
  if (content === undefined) throw unsupported("content in another file");
  sealed.end();
  const { keyLength, iv, tagLength } = parseCipher(cipher, isAuthEnveloped);
  let tag: Bytes | undefined;
  if (tagLength !== undefined) {
    if (body.takeIf(context(1)) !== undefined) throw unsupported("authenticated attributes", "open it with `callseal cat`");
    tag = body.take().octets().slice();
    if (tag.length !== tagLength) throw malformed("its tag does not have the stated length");
    body.takeIf(context(2));
  } else {
    body.takeIf(context(1));
  }
  body.end();
  return { recipients, keyLength, iv, content: content.octets(context(0, false)), tag };
}

function notEnveloped(type: string): Fault {
  if (type === "1.2.840.113549.1.7.1" || type === "1.2.840.113549.1.7.2") return new Fault("malformed", "it is not encrypted");
  if (type.startsWith("1.2.840.113549.1.")) return unsupported(`CMS of the type ${type}`);
  return new Fault("malformed", "it is neither an OpenPGP nor a CMS message");
}

const CBC: Readonly<Record<string, number>> = {
  "2.16.840.1.101.3.4.1.2": 16,
  "2.16.840.1.101.3.4.1.22": 24,
  "2.16.840.1.101.3.4.1.42": 32,
};
const GCM: Readonly<Record<string, number>> = {
  "2.16.840.1.101.3.4.1.6": 16,
  "2.16.840.1.101.3.4.1.26": 24,
  "2.16.840.1.101.3.4.1.46": 32,
};

function parseCipher(algorithm: readonly Element[], isAuthEnveloped: boolean) {
  const oid = algorithm[0]?.oid() ?? "";
  const keyLength = (isAuthEnveloped ? GCM : CBC)[oid];
  if (keyLength === undefined) {
    const name = oid === "1.2.840.113549.3.7" ? "3DES with CBC" : `the cipher ${oid}`;
    throw unsupported(name, "open it with `callseal cat`");
  }
  const unfit = malformed("its cipher has unfit parameters");
  const parameters = algorithm[1];
  if (parameters === undefined) throw unfit;
  if (!isAuthEnveloped) {
    const iv = parameters.expect(OCTET_STRING).content.slice();
    if (iv.length !== BLOCK) throw unfit;
    return { keyLength, iv, tagLength: undefined };
  }
  // RFC 5084, section 3.2.
  const parts = parameters.parts(SEQUENCE);
  const iv = parts.take(OCTET_STRING).content.slice();
  const tagLength = parts.takeIf(INTEGER)?.small() ?? 12;
  if (iv.length < 1 || iv.length > 16 || tagLength < 12 || tagLength > 16) throw unfit;
  return { keyLength, iv, tagLength };
}

/** Finds keys for the content. Messages name certificates, and most keys are here without: so each of them is tried, those that are named first. */
async function* contentKeys(front: Front, keyring: Keyring): AsyncGenerator<Bytes> {
  let trials = 0;
  for (const { recipient, key } of pairs(front.recipients.recipients, keyring)) {
    if (recipient.unsupported !== undefined) continue;
    if (++trials > MOST_TRIALS) return;
    const found = await recipient.open(key, front.keyLength);
    if (found !== undefined) yield found;
  }
}

function noKey({ recipients: { recipients, passphrases } }: Front): Fault {
  if (recipients.length === 0) {
    return passphrases > 0 ? unsupported("a passphrase", "open it with `callseal cat`") : malformed("it names no recipient");
  }
  const strange = recipients.find(({ unsupported }) => unsupported !== undefined);
  if (strange !== undefined) return unsupported(strange.unsupported!, "open it with `callseal cat`");
  return new Fault("no key", "none of the keys here opens it", "drop the key of one of its recipients into the page");
}

function pairs(recipients: readonly Recipient[], keyring: Keyring): { recipient: Recipient; key: HeldKey["key"] }[] {
  const all = recipients.flatMap((recipient) => keyring.keys.map(({ key }) => ({ recipient, key })));
  const isNamed = ({ recipient, key }: (typeof all)[number]) => keyring.isNamed(recipient.named, key);
  return [...all.filter(isNamed), ...all.filter((pair) => !isNamed(pair))];
}

/** Decrypts in place, piece by piece; `undefined` if the padding at the end is wrong, and nothing was changed. */
async function openCbc(front: Front, octets: Bytes, onProgress: (octets: number) => void): Promise<Bytes | undefined> {
  const { content } = front;
  if (content.length === 0 || content.length % BLOCK !== 0) throw new Fault("malformed", "it is truncated");
  const key = await crypto.subtle.importKey("raw", octets, "AES-CBC", false, ["decrypt"]);
  const encrypt = blockCipher(octets);
  let { iv } = front;
  const beforeLast = content.length > BLOCK ? content.slice(-2 * BLOCK, -BLOCK) : iv;
  try {
    await crypto.subtle.decrypt({ name: "AES-CBC", iv: beforeLast }, key, content.slice(-BLOCK));
  } catch {
    return undefined;
  }
  let length = 0;
  for (let at = 0; at < content.length; at += PIECE) {
    const piece = content.slice(at, at + PIECE);
    const last = piece.slice(-BLOCK);
    let input = piece;
    if (at + PIECE < content.length) {
      // WebCrypto expects padding at the end of each piece: one block more makes it right.
      input = new Uint8Array(piece.length + BLOCK);
      input.set(piece);
      input.set(encrypt(last.map((octet) => octet ^ BLOCK)), piece.length);
    }
    const plain = new Uint8Array(await crypto.subtle.decrypt({ name: "AES-CBC", iv }, key, input));
    content.set(plain, length);
    length += plain.length;
    iv = last;
    onProgress(piece.length);
  }
  return content.subarray(0, length);
}

/** Returns `undefined` if the tag is wrong. */
async function openGcm(front: Front, tag: Bytes, octets: Bytes, onProgress: (octets: number) => void): Promise<Bytes | undefined> {
  const key = await crypto.subtle.importKey("raw", octets, "AES-GCM", false, ["decrypt"]);
  const input = new Uint8Array(front.content.length + tag.length);
  input.set(front.content);
  input.set(tag, front.content.length);
  try {
    const algorithm = { name: "AES-GCM", iv: front.iv, tagLength: 8 * tag.length };
    const plain = new Uint8Array(await crypto.subtle.decrypt(algorithm, key, input));
    onProgress(plain.length);
    return plain;
  } catch {
    return undefined;
  }
}
