// What a signed list says of an entry.

import { type Bytes, hex, sha256 } from "../bytes/bytes.ts";
import { sealedData } from "./sealed_data.ts";

/** The hashes that have to be found when an entry is read. */
export interface Expected {
  /** The SHA-256 of its bytes, by the manifest. */
  readonly entry?: string;
  /** The SHA-256 of its sealed data, by the origin. */
  readonly sealed?: string;
}

/** Returns how an entry differs from what was signed; `undefined` if it doesn't. */
export async function hashFault(octets: Bytes, { entry, sealed }: Expected): Promise<string | undefined> {
  if (entry !== undefined && hex(await sha256(octets)) !== entry) {
    return "it was altered or replaced after the archive was signed";
  }
  if (sealed !== undefined && hex(await sha256(sealedData(octets))) !== sealed) {
    return "what is sealed in it was altered or replaced after it was signed";
  }
  return undefined;
}
