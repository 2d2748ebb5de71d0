// What a signed list says of an entry, and what is found in it.

import { type Bytes, hex, sha256 } from "../bytes/bytes.ts";
import { Fault } from "../fault.ts";
import { sealedData } from "./sealed_data.ts";

/** The hashes that have to be found when an entry is read. */
export interface Expected {
  /** The SHA-256 of its bytes, by the manifest. */
  readonly entry?: string;
  /** The SHA-256 of its sealed data, by the origin. */
  readonly sealed?: string;
}

/** The hashes of an entry. */
export interface Found {
  readonly entry: string;
  /** `undefined` if it isn't a message. */
  readonly sealed: string | undefined;
}

export async function found(octets: Bytes): Promise<Found> {
  return { entry: hex(await sha256(octets)), sealed: await sealedHash(octets) };
}

async function sealedHash(octets: Bytes): Promise<string | undefined> {
  try {
    return hex(await sha256(sealedData(octets)));
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** Returns how an entry differs from what was signed; `undefined` if it doesn't. */
export function faultOf(found: Found, { entry, sealed }: Expected): string | undefined {
  if (entry !== undefined && found.entry !== entry) return "it was altered or replaced after the archive was signed";
  if (sealed !== undefined && found.sealed !== sealed) return "what is sealed in it was altered or replaced after it was signed";
  return undefined;
}
