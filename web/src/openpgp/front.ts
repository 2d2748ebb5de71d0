// What precedes the sealed data of a message: who its recipients are.

import { type Bytes, hex } from "../bytes/bytes.ts";
import { Fault, malformed, truncated, unsupported } from "../fault.ts";
import { checkMeaningless, Packets, Tag, tagName } from "./packets.ts";

/** More than anybody seals to, and little enough to be held in memory. */
const MOST_PKESKS = 2000;
const MOST_MEANINGLESS = 64;
const MOST_SKESKS = 8;

/** A session key for one recipient (RFC 9580, section 5.1). */
export interface Pkesk {
  readonly version: 3 | 6;
  /** A key ID or a fingerprint in hex; empty if the recipient is hidden. */
  readonly recipient: string;
  readonly algorithm: number;
  /** The fields of the algorithm. */
  readonly sealed: Bytes;
}

export interface Front {
  readonly pkesks: readonly Pkesk[];
  /** The number of passphrases that open it. */
  readonly passphrases: number;
  /** The body of the packet with the sealed data. */
  readonly container: Bytes;
  /** What follows that packet. */
  readonly rest: Packets;
}

/** Reads the recipients of a message. Its octets are moved together in place. */
export function readFront(message: Bytes): Front {
  const packets = new Packets(message);
  const { pkesks, passphrases, header } = readRecipients(packets);
  const container = packets.body(header);
  return { pkesks: ofVersion(pkesks, container[0] === 2), passphrases, container, rest: packets };
}

/** What the beginning of a message shows, of which the rest needn't be there. */
export interface Beginning {
  readonly pkesks: readonly Pkesk[];
  readonly passphrases: number;
  /** What finds the message again, in hex: the salt of version 2, the first encrypted octets of version 1. */
  readonly id: string;
}

/** The versions of the packets that a message can begin with. */
const VERSIONS: Readonly<Record<number, readonly number[]>> = { [Tag.PKESK]: [3, 6], [Tag.SKESK]: [4, 5, 6], [Tag.SEIPD]: [1, 2] };

/** Returns whether octets begin as an encrypted message does. */
export function beginsMessage(octets: Bytes): boolean {
  try {
    const packets = new Packets(octets);
    const header = packets.header();
    const [version] = packets.rest();
    return header !== undefined && version !== undefined && (VERSIONS[header.tag]?.includes(version) ?? false);
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}

/** Reads the beginning of a message. A fault may only mean that it is too short. */
export function readBeginning(octets: Bytes): Beginning {
  const packets = new Packets(octets);
  const { pkesks, passphrases } = readRecipients(packets);
  // The first part of a body has at least 512 octets (RFC 9580, section 4.2.1.4).
  const body = packets.rest();
  const start = body[0] === 2 ? 4 : 1;
  if (body.length < start + 32) throw truncated();
  return { pkesks: ofVersion(pkesks, body[0] === 2), passphrases, id: hex(body.subarray(start, start + 32)) };
}

/** RFC 9580, section 10.3.2.1: packets of other versions don't belong to this container. */
function ofVersion(pkesks: readonly Pkesk[], isV2: boolean): Pkesk[] {
  return pkesks.filter((pkesk) => (pkesk.version === 6) === isV2);
}

function readRecipients(packets: Packets) {
  const pkesks: Pkesk[] = [];
  let passphrases = 0;
  let meaningless = 0;
  let seen = 0;
  for (let isFirst = true; ; isFirst = false) {
    const header = packets.header();
    if (header === undefined) {
      throw isFirst ? new Fault("malformed", "it is neither an OpenPGP nor a CMS message") : truncated();
    }
    switch (header.tag) {
      case Tag.PKESK: {
        if (++seen > MOST_PKESKS) throw malformed("it has too many recipients");
        const pkesk = parsePkesk(packets.body(header));
        if (pkesk !== undefined) pkesks.push(pkesk);
        break;
      }
      case Tag.SKESK:
        if (++passphrases > MOST_SKESKS) throw malformed("it is sealed with too many passphrases");
        packets.body(header);
        break;
      case Tag.Marker:
      case Tag.Padding:
        if (++meaningless > MOST_MEANINGLESS) throw malformed("it begins with too many markers");
        checkMeaningless(header, packets.body(header));
        break;
      case Tag.SEIPD:
        return { pkesks, passphrases, header };
      case Tag.AED:
        throw unsupported("GnuPG's OCB packets", "open it with `callseal cat`");
      case Tag.SED:
        throw new Fault("malformed", "it has no integrity protection");
      case Tag.LiteralData:
      case Tag.CompressedData:
      case Tag.OnePassSignature:
      case Tag.Signature:
        throw new Fault("malformed", "it is not encrypted");
      default:
        throw isFirst
          ? new Fault("malformed", "it is neither an OpenPGP nor a CMS message")
          : malformed(`a ${tagName(header.tag)} before the sealed data`);
    }
  }
}

/** Returns `undefined` for one of an unknown kind: it is for others. */
function parsePkesk(body: Bytes): Pkesk | undefined {
  const version = body[0];
  if (version === 3 && body.length >= 10) {
    const id = body.subarray(1, 9);
    return {
      version,
      recipient: id.every((octet) => octet === 0) ? "" : hex(id),
      algorithm: body[9]!,
      sealed: body.subarray(10),
    };
  }
  if (version === 6 && body.length >= 3) {
    // RFC 9580, section 5.1.2: the length of the key's version and fingerprint, 0 if it is hidden.
    const length = body[1]!;
    const isKnown = length === 0 || (length === 21 && body[2] === 4) || (length === 33 && body[2] === 6);
    if (!isKnown || body.length < 3 + length) return undefined;
    return {
      version,
      recipient: hex(body.subarray(3, 2 + length)),
      algorithm: body[2 + length]!,
      sealed: body.subarray(3 + length),
    };
  }
  return undefined;
}
