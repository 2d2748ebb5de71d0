// One entry of an archive, and what its headers must agree on.

import { equal } from "../bytes/bytes.ts";
import { type ByteSource } from "../bytes/source.ts";
import { Fault } from "../fault.ts";
import { crc32 } from "./crc32.ts";
import { Extra } from "./extra.ts";
import { Fields } from "./fields.ts";
import { inflate } from "../bytes/inflate.ts";
import { MOST_BYTES } from "../bytes/limits.ts";
import { hasSecondName } from "./names.ts";

/** General purpose bits (APPNOTE 4.4.4). */
export const FLAG_ENCRYPTED = 1;
export const FLAG_UTF8 = 1 << 11;
const FLAG_DESCRIPTOR = 1 << 3;
const FLAG_STRONG_ENCRYPTION = 1 << 6;
const FLAG_MASKED_HEADERS = 1 << 13;
const ENCRYPTION = FLAG_ENCRYPTED | FLAG_STRONG_ENCRYPTION | FLAG_MASKED_HEADERS;
/** Those in which both headers must agree. The others only say how hard the compressor tried. */
const FLAGS_THAT_MATTER = ENCRYPTION | FLAG_DESCRIPTOR | FLAG_UTF8;

/** Compression methods (APPNOTE 4.4.5). */
export const STORED = 0;
const DEFLATED = 8;
const METHODS: Record<number, string> = { 9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ" };

export const LOCAL_BYTES = 30;
const LOCAL_SIGNATURE = 0x04034b50;
const DESCRIPTOR_SIGNATURE = 0x08074b50;

/** An entry as the central directory describes it. */
export interface Entry {
  /** The octets of its name, as the archive has them. */
  readonly stored: Uint8Array;
  /** Its path without the ending of messages; `undefined` if its name isn't safe. */
  readonly path: string | undefined;
  /** Why its name isn't safe, to continue "the name". */
  readonly nameFault: string | undefined;
  readonly isDirectory: boolean;
  readonly hasSecondName: boolean;
  /** Seconds since 1970. */
  readonly modified: number;
  readonly crc: number;
  readonly size: number;
  readonly storedSize: number;
  /** The start of the local header. */
  readonly offset: number;
  readonly flags: number;
  readonly method: number;
  /** The Unix mode with its file type bits, or 0. */
  readonly mode: number;
  /** The octets of its extent other than fixed header, name and data. */
  slack: number;
}

/** Returns why an entry can't be read, to continue its name; `undefined` if nothing is wrong yet. */
export function entryFault(entry: Entry): string | undefined {
  if (entry.nameFault !== undefined) return `has an unsafe name: the name ${entry.nameFault}`;
  const type = entry.mode & 0o170000;
  if (type !== 0 && type !== 0o040000 && type !== 0o100000) {
    return `is a link or a special file (mode ${entry.mode.toString(8)})`;
  }
  if (entry.hasSecondName) return "has a different second name in an extra field";
  if (entry.flags & ENCRYPTION) return "has a ZIP password, which is not supported";
  const isHalf = (type === 0o040000 && !entry.isDirectory) || (type === 0o100000 && entry.isDirectory);
  if (isHalf || (entry.isDirectory && entry.size !== 0)) {
    return "is a directory by some of its attributes and a file by others";
  }
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    const name = METHODS[entry.method];
    return `is compressed by the unsupported method ${entry.method}${name ? ` (${name})` : ""}`;
  }
  return undefined;
}

/** The place of an entry's data in the archive, after its local header was checked. */
export interface Data {
  readonly start: number;
  readonly length: number;
}

/** A fault in the octets of a member that the archive names. */
const damaged = (what: string) => new Fault("malformed", `it was altered or damaged in the archive: ${what}`, "get the archive again from its source");

/** Checks the local header, and the data descriptor if there is one. Nothing may be left between them. */
export async function findData(source: ByteSource, entry: Entry): Promise<Data> {
  const { start, descriptor } = await readLocalHeader(source, entry);
  if (descriptor > 0) {
    const octets = await source.read(start + entry.storedSize, descriptor);
    if (!isDescriptorOf(octets, entry)) throw damaged("the data descriptor does not match the central directory");
  }
  return { start, length: entry.storedSize };
}

/** Checks the local header alone, and returns where the data begins. */
export const findStart = async (source: ByteSource, entry: Entry): Promise<number> => (await readLocalHeader(source, entry)).start;

async function readLocalHeader(source: ByteSource, entry: Entry): Promise<{ start: number; descriptor: number }> {
  const fault = entryFault(entry);
  if (fault !== undefined) throw new Fault("malformed", `the member ${fault}`);
  return checkLocalHeader(await source.read(entry.offset, LOCAL_BYTES + entry.stored.length + entry.slack), entry);
}

/**
 * Reads the content of an entry whole, and checks its CRC-32.
 *
 * @param most The most octets that it may have, deflated or not.
 */
export async function readContent(
  source: ByteSource,
  entry: Entry,
  onProgress: (octets: number) => void,
  most = MOST_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  const data = await findData(source, entry);
  if (Math.max(entry.size, data.length) > most) {
    const limit = most === MOST_BYTES ? "1 GiB" : `${Math.ceil(most / 1024 / 1024)} MiB`;
    throw new Fault("unsupported", `it is larger than ${limit}, which is the most that this page opens`, "open it with `callseal extract`");
  }
  const stored = await readInPieces(source, data, onProgress);
  const content = entry.method === STORED ? stored : await inflate("deflate-raw", stored, entry.size);
  if (content.length !== entry.size) throw damaged("the deflated data does not yield exactly the declared size");
  const crc = crc32(content);
  if (crc !== entry.crc) {
    const digits = (value: number) => value.toString(16).padStart(8, "0");
    throw damaged(`the checksum is ${digits(crc)} instead of ${digits(entry.crc)}`);
  }
  return content;
}

/** In pieces, so that a progress shows and one can cancel. */
async function readInPieces(source: ByteSource, data: Data, onProgress: (octets: number) => void) {
  const PIECE = 8 * 1024 * 1024;
  if (data.length <= PIECE) {
    const octets = await source.read(data.start, data.length);
    onProgress(octets.length);
    return octets;
  }
  const all = new Uint8Array(data.length);
  for (let at = 0; at < data.length; at += PIECE) {
    const piece = await source.read(data.start + at, Math.min(PIECE, data.length - at));
    all.set(piece, at);
    onProgress(piece.length);
  }
  return all;
}

function checkLocalHeader(octets: Uint8Array, entry: Entry): { start: number; descriptor: number } {
  const { offset } = entry;
  const fields = new Fields(octets, `no whole local header at ${offset}`);
  const disagrees = (what: string) => damaged(`the local header has ${what} than the central directory`);
  if (fields.u32() !== LOCAL_SIGNATURE) throw damaged(`no whole local header at ${offset}`);
  fields.u16(); // the version needed
  const flags = fields.u16();
  const method = fields.u16();
  fields.u32(); // time and date
  const crc = fields.u32();
  const narrowStored = fields.u32();
  const narrowSize = fields.u32();
  const nameBytes = fields.u16();
  const extraBytes = fields.u16();
  if ((flags ^ entry.flags) & FLAGS_THAT_MATTER) throw disagrees("other flags");
  if (method !== entry.method) throw disagrees("another compression method");
  if (nameBytes !== entry.stored.length || !equal(fields.bytes(nameBytes), entry.stored)) {
    throw disagrees("another name");
  }
  const start = offset + LOCAL_BYTES + nameBytes + extraBytes;
  const rest = entry.slack - extraBytes;
  if (rest < 0) throw damaged(`the member at ${offset} overlaps what follows it at ${start + entry.storedSize}`);
  const hasDescriptor = (flags & FLAG_DESCRIPTOR) !== 0;
  if (!hasDescriptor && rest > 0) throw damaged(`${rest} bytes after the member at ${offset} belong to no member`);
  if (hasDescriptor && ![12, 16, 20, 24].includes(rest)) {
    throw damaged("the data descriptor does not match the central directory");
  }
  const extra = new Extra(fields.bytes(extraBytes));
  const nameField = { stored: entry.stored, isUtf8: false, host: 0, unicodePath: extra.unicodePath() };
  if (hasSecondName(nameField)) throw disagrees("another name");
  // A writer of streams may reserve the ZIP64 values and leave them zero.
  const { values } = extra.widen([narrowSize, narrowStored], 0, hasDescriptor);
  const [size, storedSize] = values as [number, number];
  const same = (local: number, central: number) => local === central || (hasDescriptor && local === 0);
  if (!same(crc, entry.crc)) throw disagrees("another checksum");
  if (!same(size, entry.size) || !same(storedSize, entry.storedSize)) throw disagrees("other sizes");
  return { start, descriptor: rest };
}

/** The four forms differ in length (APPNOTE 4.3.9). */
function isDescriptorOf(octets: Uint8Array, entry: Entry): boolean {
  const fields = new Fields(octets, "the data descriptor is truncated");
  const isSigned = octets.length === 16 || octets.length === 24;
  if (isSigned && fields.u32() !== DESCRIPTOR_SIGNATURE) return false;
  const crc = fields.u32();
  const [storedSize, size] = octets.length >= 20 ? [fields.u64(), fields.u64()] : [fields.u32(), fields.u32()];
  return crc === entry.crc && storedSize === entry.storedSize && size === entry.size;
}
