// Who the signatures of an archive claim to be by. Nothing is checked, and nothing is proven.

import { type Bytes, hex } from "../bytes/bytes.ts";
import { Fault } from "../fault.ts";
import { Packets, Tag } from "../openpgp/packets.ts";
import { type OpenArchive } from "../archive/open_archive.ts";
import { readContent } from "../zip/entry.ts";
import { claimedSigner } from "./judge.ts";
import { LISTS, type ListNames } from "../archive/reserved.ts";
import { MOST_SIGNATURE_BYTES, MOST_SIGNATURES, readSignedData } from "./signed_data.ts";

export interface Claim {
  readonly signer: string;
  /** Milliseconds since 1970. */
  readonly time: number | undefined;
}

/** Returns the octets of a file of signatures; `undefined` if there is none that can be read. */
export async function signatureOctets(archive: OpenArchive, stored: string, source = archive.source): Promise<Bytes | undefined> {
  const place = archive.place(stored);
  const entry = place === undefined ? undefined : archive.entries[place];
  // A larger file of signatures counts as one without any.
  if (entry === undefined || Math.max(entry.size, entry.storedSize) > MOST_SIGNATURE_BYTES) return undefined;
  return readContent(source, entry, () => undefined);
}

/** Returns who claims to have signed the archive, or the one that it was shared from. */
export async function claimedSigners(archive: OpenArchive): Promise<Claim[]> {
  try {
    const own = await claimsOf(archive, LISTS.manifest);
    return own.length > 0 ? own : await claimsOf(archive, LISTS.origin);
  } catch (error) {
    // A damaged signature is reported when it is checked.
    if (error instanceof Fault && error.kind !== "io") return [];
    throw error;
  }
}

export async function claimsOf(archive: OpenArchive, names: ListNames): Promise<Claim[]> {
  const cms = await signatureOctets(archive, names.cms);
  const data = cms && (await readSignedData(cms));
  const fromCms = data?.signers.map((info) => ({
    signer: claimedSigner(data, info),
    time: typeof info.attributes === "string" ? undefined : info.attributes.signingTime,
  }));
  const openpgp = await signatureOctets(archive, names.openpgp);
  return [...(fromCms ?? []), ...(openpgp === undefined ? [] : claimsOfOpenPgp(openpgp))];
}

/** Returns the issuers of OpenPGP signatures (RFC 9580, section 5.2), which this page doesn't check. */
export function claimsOfOpenPgp(octets: Bytes): Claim[] {
  const claims: Claim[] = [];
  try {
    const packets = new Packets(octets.slice());
    for (let header = packets.header(); header !== undefined; header = packets.header()) {
      const body = packets.body(header);
      if (header.tag !== Tag.Signature) continue;
      if (claims.length >= MOST_SIGNATURES) return [];
      const claim = claimOf(body);
      if (claim !== undefined) claims.push(claim);
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return [];
  }
  return claims;
}

const CREATION_TIME = 2;
const ISSUER_KEY_ID = 16;
const ISSUER_FINGERPRINT = 33;

function claimOf(body: Bytes): Claim | undefined {
  const version = body[0];
  if (version !== 4 && version !== 6) return undefined;
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  let [signer, time]: [string | undefined, number | undefined] = [undefined, undefined];
  const width = version === 4 ? 2 : 4;
  let at = 4;
  try {
    // The hashed subpackets, and the others.
    for (let area = 0; area < 2; area++) {
      const length = width === 2 ? view.getUint16(at) : view.getUint32(at);
      at += width;
      const end = at + length;
      while (at < end) {
        let size = view.getUint8(at++);
        if (size >= 192 && size < 255) size = (size - 192) * 256 + view.getUint8(at++) + 192;
        else if (size === 255) {
          size = view.getUint32(at);
          at += 4;
        }
        const kind = view.getUint8(at) & 0x7f;
        const data = body.subarray(at + 1, at + size);
        if (kind === CREATION_TIME && area === 0 && data.length === 4) time = 1000 * view.getUint32(at + 1);
        if (kind === ISSUER_FINGERPRINT) signer = hex(data.subarray(1)).toUpperCase();
        if (kind === ISSUER_KEY_ID) signer ??= hex(data).toUpperCase();
        if (size === 0) return undefined;
        at += size;
      }
    }
  } catch {
    return undefined;
  }
  return { signer: signer ?? "an unknown signer", time };
}
