// The extra fields of a member (APPNOTE 4.5).

import { malformed } from "../fault.ts";
import { Fields } from "./fields.ts";

/** A 32-bit field with this value is in the ZIP64 record (APPNOTE 4.4.1.4). */
const MARKER = 0xffffffff;

const ZIP64 = 0x0001;
const EXTENDED_TIMESTAMP = 0x5455;
const UNICODE_PATH = 0x7075;

/** The records that are used here. */
export class Extra {
  readonly #records: ReadonlyMap<number, Uint8Array>;

  /** Splits an extra field into its records, which must fill it. */
  constructor(octets: Uint8Array) {
    const records = new Map<number, Uint8Array>();
    const fields = new Fields(octets, "an extra field is malformed");
    while (fields.left > 0) {
      // Some writers align the data with up to three zeros, which are no record to any reader.
      if (fields.left < 4 && octets.subarray(fields.at).every((octet) => octet === 0)) break;
      const kind = fields.u16();
      const data = fields.bytes(fields.u16());
      if (kind !== ZIP64 && kind !== EXTENDED_TIMESTAMP && kind !== UNICODE_PATH) continue;
      // If there are two, one reader uses the first and another the last.
      if (records.has(kind)) throw malformed("an extra field is malformed");
      records.set(kind, data);
    }
    this.#records = records;
  }

  /**
   * Returns the 64-bit values of a header's 32-bit fields: those that are all ones are in the ZIP64
   * record, in the order given. A record with more than the header asks for is refused, unless
   * `extrasAllowed`, or it only repeats the header: Python and Go write such ones.
   */
  widen(values: readonly number[], disk: number, extrasAllowed: boolean): { values: number[]; disk: number } {
    const data = this.#records.get(ZIP64);
    if (data === undefined && disk !== 0xffff && !values.includes(MARKER)) return { values: [...values], disk };
    const fault = "a ZIP64 extra field does not have the values that its header leaves to it";
    const record = new Fields(data ?? new Uint8Array(0), fault);
    const first = values.findIndex((value) => value !== MARKER);
    const others = first < 0 ? [] : values.slice(first);
    const areFirst = !others.includes(MARKER);
    const wide = values.map((value) => (value === MARKER ? record.u64() : value));
    const left = record.left;
    if (disk === 0xffff) {
      const found = record.u32();
      if (record.left > 0 && !extrasAllowed) throw malformed(fault);
      return { values: wide, disk: found };
    }
    const repeats = () => {
      if (!areFirst) return false;
      for (const value of others) if (record.left > 0 && record.u64() !== value) return false;
      if (record.left > 0 && record.u32() !== disk) return false;
      return record.left === 0;
    };
    if (left > 0 && !extrasAllowed && !repeats()) throw malformed(fault);
    return { values: wide, disk };
  }

  /** Returns the modification time in seconds since 1970, if the field has one. */
  modified(): number | undefined {
    const data = this.#records.get(EXTENDED_TIMESTAMP);
    if (data === undefined || data.length < 5 || (data[0]! & 1) === 0) return undefined;
    return new DataView(data.buffer, data.byteOffset).getInt32(1, true);
  }

  /** Returns the record of a Unicode Path (APPNOTE 4.6.9): a version, a CRC-32, and the path. */
  unicodePath(): Uint8Array | undefined {
    return this.#records.get(UNICODE_PATH);
  }
}
