// From the end of the file to the place of the central directory (APPNOTE 4.3.14 to 4.3.16).

import { type ByteSource } from "../bytes/source.ts";
import { Fault, malformed } from "../fault.ts";
import { Fields } from "./fields.ts";

const END_SIGNATURE = 0x06054b50;
const LOCATOR_SIGNATURE = 0x07064b50;
const ZIP64_END_SIGNATURE = 0x06064b50;

const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const ZIP64_END_BYTES = 56;
const LONGEST_COMMENT = 0xffff;

/** The place of the central directory. */
export interface Location {
  readonly offset: number;
  readonly size: number;
  readonly entries: number;
}

interface End extends Location {
  readonly disk: number;
  readonly directoryDisk: number;
  readonly entriesOnDisk: number;
}

/**
 * Finds the central directory. Readers differ in how they search for the end record. So there must
 * be exactly one whose comment reaches to the end of the file, and no signature in that comment.
 */
export async function locate(source: ByteSource): Promise<Location> {
  const { end, at } = await findEnd(source);
  const zip64 = await zip64End(source, end, at);
  const { offset, size, entries, disk, directoryDisk, entriesOnDisk } = zip64?.end ?? end;
  if (disk !== 0 || directoryDisk !== 0 || entriesOnDisk !== entries) throw splitArchive();
  const expected = zip64?.at ?? at;
  if (offset + size !== expected) {
    throw malformed(`the central directory ends at ${offset + size} instead of ${expected}`);
  }
  return { offset, size, entries };
}

async function findEnd(source: ByteSource): Promise<{ end: End; at: number }> {
  const start = Math.max(0, source.size - END_BYTES - LONGEST_COMMENT);
  const tail = await source.read(start, source.size - start);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.length);
  let found: { end: End; at: number } | undefined;
  for (let at = 0; at + 4 <= tail.length; at++) {
    if (tail[at] !== 0x50 || view.getUint32(at, true) !== END_SIGNATURE) continue;
    if (found !== undefined) {
      throw malformed(
        `it has two end records, at ${found.at} and at ${start + at}, and readers differ in which counts`,
      );
    }
    const end = endRecord(tail.subarray(at));
    if (end !== undefined) found = { end, at: start + at };
  }
  return found ?? withoutEnd(source);
}

/** Says what a file without an end record is. */
async function withoutEnd(source: ByteSource): Promise<never> {
  if (source.size === 0) throw new Fault("malformed", "the file is empty");
  const beginning = await source.read(0, Math.min(4, source.size));
  const begins = (...octets: number[]) => octets.every((octet, place) => beginning[place] === octet);
  if (begins(0x50, 0x4b, 7, 8)) throw splitArchive();
  if (begins(0x50, 0x4b, 3, 4) || begins(0x50, 0x4b, 5, 6)) {
    throw new Fault(
      "malformed",
      "the ZIP archive is incomplete, or something was appended to it",
      "get the archive again, and compare its size",
    );
  }
  throw new NotZip("malformed", "not a ZIP archive");
}

/** It neither begins nor ends as an archive: it is another file. */
export class NotZip extends Fault {}

const splitArchive = () => malformed("it is a part of a split archive");

/** Returns the record, if its comment reaches to the end, or to zeros or line ends there. */
function endRecord(octets: Uint8Array): End | undefined {
  if (octets.length < END_BYTES) return undefined;
  const fields = new Fields(octets, "the end record is truncated", 4);
  const disk = fields.u16();
  const directoryDisk = fields.u16();
  const entriesOnDisk = fields.u16();
  const entries = fields.u16();
  const size = fields.u32();
  const offset = fields.u32();
  const comment = fields.u16();
  if (comment > fields.left) return undefined;
  const rest = octets.subarray(fields.at + comment);
  const isPadding = rest.every((octet) => octet === 0) || rest.every((octet) => octet === 13 || octet === 10);
  return isPadding ? { disk, directoryDisk, entriesOnDisk, entries, size, offset } : undefined;
}

/** Returns the ZIP64 end record, if there is a locator. It and the end record must agree. */
async function zip64End(source: ByteSource, end: End, at: number): Promise<{ end: End; at: number } | undefined> {
  if (at < LOCATOR_BYTES) return undefined;
  const locatorAt = at - LOCATOR_BYTES;
  const locator = new Fields(await source.read(locatorAt, LOCATOR_BYTES), "the ZIP64 locator is truncated");
  if (locator.u32() !== LOCATOR_SIGNATURE) return undefined;
  const disk = locator.u32();
  const offset = locator.u64();
  if (disk !== 0 || locator.u32() !== 1) throw splitArchive();
  const misplaced = "the ZIP64 end record is not where its locator says";
  if (offset + ZIP64_END_BYTES !== locatorAt) throw malformed(misplaced);
  const fields = new Fields(await source.read(offset, ZIP64_END_BYTES), misplaced);
  if (fields.u32() !== ZIP64_END_SIGNATURE || fields.u64() !== ZIP64_END_BYTES - 12) throw malformed(misplaced);
  fields.u32(); // the versions
  const zip64 = {
    disk: fields.u32(),
    directoryDisk: fields.u32(),
    entriesOnDisk: fields.u64(),
    entries: fields.u64(),
    size: fields.u64(),
    offset: fields.u64(),
  };
  const agrees = (narrow: number, wide: number, marker: number) => narrow === wide || narrow === marker;
  const agree =
    agrees(end.disk, zip64.disk, 0xffff) &&
    agrees(end.directoryDisk, zip64.directoryDisk, 0xffff) &&
    agrees(end.entriesOnDisk, zip64.entriesOnDisk, 0xffff) &&
    agrees(end.entries, zip64.entries, 0xffff) &&
    agrees(end.size, zip64.size, 0xffffffff) &&
    agrees(end.offset, zip64.offset, 0xffffffff);
  if (!agree) throw malformed("the ZIP64 end record and the end record disagree");
  return { end: zip64, at: offset };
}
