// Opening an OpenPGP message to its authentic end.

import { type Bytes, decodeLossily, hex } from "../bytes/bytes.ts";
import { MOST_BYTES } from "../bytes/limits.ts";
import { checkPadding } from "../bytes/padding.ts";
import { Fault, altered, malformed, truncated, unsupported } from "../fault.ts";
import { type Keyring } from "../keys/keyring.ts";
import { type Front, readFront } from "./front.ts";
import { type Literal, readLiteral } from "./literal.ts";
import { checkMeaningless, type Packets, Tag, tagName } from "./packets.ts";
import { Seipd1 } from "./seipd1.ts";
import { Seipd2 } from "./seipd2.ts";
import { type SessionKey } from "./session_key.ts";
import { isForKind, unlock } from "./unlock.ts";

/** The private key operations that one message may cost: each takes some milliseconds. */
const MOST_TRIALS = 64;
/** The session keys that they yield and that are tried: anybody can put false ones in front. */
const MOST_KEYS = 8;

export interface OpenedMessage {
  readonly literal: Literal;
  /** What finds the message again, in hex: the salt, or the first encrypted octets. */
  readonly id: string;
  readonly sessionKey: SessionKey;
}

type OnProgress = (octets: number) => void;

/** A message that was read, and that several keys can be tried on. */
export interface SealedMessage {
  readonly front: Front;
  readonly container: Seipd1 | Seipd2;
}

/** Reads a message, whose octets are moved: that can be done once. */
export function readMessage(message: Bytes): SealedMessage {
  const front = readFront(message);
  checkEnd(front.rest);
  return { front, container: readContainer(front.container) };
}

/** Opens a message with the keys at hand. Its octets are used up. */
export async function openMessage(message: Bytes, keyring: Keyring, onProgress: OnProgress, most = MOST_BYTES): Promise<OpenedMessage> {
  refuseText(message);
  return openBy(readMessage(message), keyring, onProgress, most);
}

/** Opens a message with the keys at hand. It is used up once one fits. */
export async function openBy({ front, container }: SealedMessage, keyring: Keyring, onProgress: OnProgress, most = MOST_BYTES): Promise<OpenedMessage> {
  const id = hex(container.id());
  // What is sealed to a hidden recipient may be for somebody else: that no session key comes out of it says nothing.
  let isForKeyHere = false;
  let found = 0;
  let unknownCipher: Fault | undefined;
  for (const { isNamed, unlocking } of trialsOf(front, keyring)) {
    const sessionKey = await unlocking;
    isForKeyHere ||= isNamed || sessionKey !== undefined;
    if (sessionKey === undefined) continue;
    if (++found > MOST_KEYS) break;
    try {
      const plaintext = await container.open(withCipher(sessionKey, container), onProgress);
      if (plaintext !== undefined) return { literal: await readLiteral(plaintext, most), id, sessionKey };
    } catch (error) {
      // Anybody can put a false session key in front of the others.
      if (!(error instanceof Fault) || error.kind !== "unsupported" || container instanceof Seipd2) throw error;
      unknownCipher ??= error;
    }
  }
  throw unknownCipher ?? (isForKeyHere ? altered() : noKey(front, keyring));
}

/** Opens a message by its session key; `undefined` if that doesn't fit, or the message isn't what it was. */
export async function openWith({ container }: SealedMessage, key: SessionKey, onProgress: OnProgress, most = MOST_BYTES): Promise<OpenedMessage | undefined> {
  const id = hex(container.id());
  if (container instanceof Seipd2 && container.cipher !== key.cipher) return undefined;
  const plaintext = await container.open(key, onProgress);
  return plaintext && { literal: await readLiteral(plaintext, most), id, sessionKey: key };
}

/** Messages as text: armor, PEM, and mails. The first octet of a binary one isn't ASCII. */
function refuseText(octets: Bytes): void {
  const beginning = decodeLossily(octets.subarray(0, 64));
  if (/^\s*(-----BEGIN |[A-Z][A-Za-z-]+: )/.test(beginning)) {
    throw unsupported("a message as text (armor, PEM or a mail)", "open it with `callseal cat`");
  }
}

/** RFC 9580, section 5.1: with version 2, the packet itself says the cipher. */
function withCipher(key: SessionKey, container: Seipd1 | Seipd2): SessionKey {
  return container instanceof Seipd2 ? { ...key, cipher: container.cipher } : key;
}

interface Trial {
  /** Whether the message names the key. */
  readonly isNamed: boolean;
  readonly unlocking: Promise<SessionKey | undefined>;
}

/** Looks for session keys with the keys at hand, one private key operation after the other. */
function* trialsOf(front: Front, keyring: Keyring): Generator<Trial> {
  let trials = 0;
  // Those that name a key come first: hidden ones are found by trial alone.
  const inOrder = [...front.pkesks.filter((p) => p.recipient !== ""), ...front.pkesks.filter((p) => p.recipient === "")];
  for (const pkesk of inOrder) {
    for (const { key } of keyring.keysNamed(pkesk.recipient)) {
      if (!isForKind(pkesk, key)) continue;
      if (++trials > MOST_TRIALS) throw malformed("it names the same keys again and again");
      yield { isNamed: pkesk.recipient !== "", unlocking: unlock(pkesk, key) };
    }
  }
}

function noKey(front: Front, keyring: Keyring): Fault {
  if (keyring.keys.length === 0) return new Fault("no key", "it is sealed, and no private key is here", "drop your private key into the page");
  if (front.pkesks.length === 0) {
    return front.passphrases > 0
      ? unsupported("a passphrase instead of keys", "open it with `callseal cat`")
      : malformed("it names no recipient");
  }
  return new Fault("no key", "none of the keys here opens it", "drop the key of one of its recipients into the page");
}

function readContainer(body: Bytes): Seipd1 | Seipd2 {
  switch (body[0]) {
    case 1:
      return new Seipd1(body);
    case 2:
      return new Seipd2(body);
    case undefined:
      throw truncated();
    default:
      throw unsupported(`SEIPD packets of version ${body[0]}`);
  }
}

/** Nothing may follow a message but what means nothing: markers, padding, and zeros or line ends. */
function checkEnd(packets: Packets): void {
  while (((packets.rest()[0] ?? 0) & 0x80) !== 0) {
    const header = packets.header()!;
    switch (header.tag) {
      case Tag.Marker:
      case Tag.Padding:
        checkMeaningless(header, packets.body(header));
        break;
      case Tag.PKESK:
      case Tag.SKESK:
      case Tag.SEIPD:
      case Tag.SED:
      case Tag.AED:
        throw new Fault("malformed", "a second message follows the first (OpenPGP packets)");
      default:
        throw malformed(`an unexpected ${tagName(header.tag)}`);
    }
  }
  checkPadding(packets.rest());
}
