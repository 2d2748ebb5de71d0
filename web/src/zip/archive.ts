// From the central directory to the checked list of entries.
//
// An archive that two readers could understand differently is refused. The end records and the
// central directory divide the file among the entries, so that none can overlap. Whether an entry fills its part of
// the file is checked when it is read.

import { type ByteSource } from "../bytes/source.ts";
import { Fault, malformed } from "../fault.ts";
import { decodeLossily } from "../bytes/bytes.ts";
import { locate, type Location } from "./end.ts";
import { type Entry, FLAG_ENCRYPTED, FLAG_UTF8, LOCAL_BYTES, STORED } from "./entry.ts";
import { Extra } from "./extra.ts";
import { Fields } from "./fields.ts";
import { hasSecondName, readName } from "./names.ts";

const CENTRAL_SIGNATURE = 0x02014b50;
const CENTRAL_BYTES = 46;

/** The longest extra field and the longest data descriptor. */
const MOST_SLACK = 0xffff + 24;

/** The longest central directory that is held in memory: that of some five million entries. */
const MOST_DIRECTORY_BYTES = 512 * 1024 * 1024;

/** Reads and checks the entries, in the order of the central directory. */
export async function readEntries(source: ByteSource): Promise<Entry[]> {
  const location = await locate(source);
  if (location.size > MOST_DIRECTORY_BYTES) {
    throw new Fault("unsupported", "it has too many entries for this page", "open it with `callseal extract`");
  }
  const directory = await source.read(location.offset, location.size);
  const entries = parse(directory, location);
  refuseDuplicates(entries);
  assignExtents(entries, location.offset);
  return entries;
}

function parse(directory: Uint8Array, location: Location): Entry[] {
  const entries: Entry[] = [];
  let at = 0;
  for (let number = 0; number < location.entries; number++) {
    const { entry, next } = parseEntry(directory, at, location.offset);
    entries.push(entry);
    at = next;
  }
  if (at !== directory.length) {
    throw malformed(`${directory.length - at} bytes of the central directory follow its last entry`);
  }
  return entries;
}

function parseEntry(directory: Uint8Array, at: number, base: number): { entry: Entry; next: number } {
  const missing = `no whole central directory header at ${base + at}`;
  const fields = new Fields(directory, missing, at);
  if (fields.left < CENTRAL_BYTES || fields.u32() !== CENTRAL_SIGNATURE) throw malformed(missing);
  const host = fields.u16() >>> 8;
  fields.u16(); // the version needed
  const flags = fields.u16();
  const method = fields.u16();
  const time = fields.u16();
  const date = fields.u16();
  const crc = fields.u32();
  const narrowStored = fields.u32();
  const narrowSize = fields.u32();
  const nameBytes = fields.u16();
  const extraBytes = fields.u16();
  const commentBytes = fields.u16();
  const narrowDisk = fields.u16();
  fields.u16(); // internal attributes
  const mode = fields.u32() >>> 16;
  const narrowOffset = fields.u32();
  // A copy, so that the whole directory needn't stay in memory.
  const stored = fields.bytes(nameBytes).slice();
  const extra = new Extra(fields.bytes(extraBytes));
  fields.bytes(commentBytes);

  // The order of APPNOTE 4.5.3.
  const { values, disk } = extra.widen([narrowSize, narrowStored, narrowOffset], narrowDisk, false);
  const [size, storedSize, offset] = values as [number, number, number];
  if (disk !== 0) throw malformed("it is a part of a split archive");
  if (method === STORED && size !== storedSize && !(flags & FLAG_ENCRYPTED)) {
    throw malformed(`a stored member of ${size} bytes takes ${storedSize} bytes`);
  }
  const nameField = { stored, isUtf8: (flags & FLAG_UTF8) !== 0, host, unicodePath: extra.unicodePath() };
  const name = readName(nameField);
  const entry = {
    stored,
    path: name.path,
    nameFault: name.fault,
    isDirectory: name.isDirectory,
    hasSecondName: hasSecondName(nameField),
    modified: extra.modified() ?? dosTime(time, date),
    crc,
    size,
    storedSize,
    offset,
    flags,
    method,
    mode,
    slack: 0,
  };
  return { entry, next: fields.at };
}

const octetsAsText = new TextDecoder("windows-1252");

/** Readers use the first of two entries with one name, the last or both. */
function refuseDuplicates(entries: readonly Entry[]): void {
  const names = new Set<string>();
  for (const { stored } of entries) {
    // One character for each octet: names that differ stay different.
    const key = octetsAsText.decode(stored);
    if (names.has(key)) throw malformed(`two members have the same name: “${decodeLossily(stored)}”`);
    names.add(key);
  }
}

/** Gives each entry the octets from its local header to what follows it. */
function assignExtents(entries: readonly Entry[], directoryOffset: number): void {
  const inFileOrder = [...entries].sort((a, b) => a.offset - b.offset);
  let next = directoryOffset;
  for (const entry of inFileOrder.reverse()) {
    const slack = next - (entry.offset + LOCAL_BYTES + entry.stored.length + entry.storedSize);
    // Sizes can be infinite here; the comparisons refuse them.
    if (!(slack >= 0)) throw malformed(`the member at ${entry.offset} overlaps what follows it at ${next}`);
    if (slack > MOST_SLACK) throw malformed(`${slack} bytes after the member at ${entry.offset} belong to no member`);
    entry.slack = slack;
    next = entry.offset;
  }
  if (next !== 0) throw malformed(`${next} bytes precede the first member`);
}

/** 1980-01-01T00:00:00Z, the first time of MS-DOS. */
const DOS_FIRST = 315_532_800;

/** Returns seconds since 1970 of an MS-DOS time (APPNOTE 4.4.6), read as UTC; the first one if there is no such date. */
function dosTime(time: number, date: number): number {
  const [year, month, day] = [1980 + (date >>> 9), (date >>> 5) & 15, date & 31];
  const [hour, minute, second] = [time >>> 11, (time >>> 5) & 63, 2 * (time & 31)];
  const at = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const exists = at.getUTCMonth() === month - 1 && at.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  return exists ? at.getTime() / 1000 : DOS_FIRST;
}
