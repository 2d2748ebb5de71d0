// The manifest: the public list of an archive's entries with their SHA-256, which is signed.

import { type Bytes, decodeUtf8 } from "../bytes/bytes.ts";
import { Fault } from "../fault.ts";

/** An entry that a manifest lists. */
export interface ListedEntry {
  readonly name: string;
  /** The SHA-256 of its bytes, in lower-case hex. */
  readonly hash: string;
  /** The same of its sealed data, if it is a message. */
  readonly sealed: string | undefined;
}

export interface Manifest {
  /** When it was signed, as its signer claims: RFC 3339. */
  readonly time: string;
  readonly entries: readonly ListedEntry[];
}

const HEAD = /^# callseal-manifest 1 archive=[0-9a-f]{32} time=(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z)$/;
const LINE = /^(# sealed )?([0-9a-f]{64})  ([^\\\r\0]+)$/;

/** Reads a manifest. */
export function readManifest(octets: Bytes): Manifest {
  const text = decodeUtf8(octets);
  const lines = text?.split("\n") ?? [];
  const [, time] = HEAD.exec(lines[0] ?? "") ?? [];
  if (time === undefined || Number.isNaN(Date.parse(time))) throw new Fault("malformed", "doesn't begin as a manifest of callseal does");
  if (lines.pop() !== "") throw new Fault("malformed", `ends in the middle of line ${lines.length + 1}`);
  const entries: { name: string; hash: string; sealed: string | undefined }[] = [];
  for (let number = 1; number < lines.length; number++) {
    const [, sealed, hash, name] = LINE.exec(lines[number]!) ?? [];
    const before = entries.at(-1);
    if (hash === undefined || name === undefined || name === "-") throw new Fault("malformed", `is malformed in line ${number + 1}`);
    if (sealed === undefined) entries.push({ name, hash, sealed: undefined });
    else if (before !== undefined && before.name === name && before.sealed === undefined) before.sealed = hash;
    else throw new Fault("malformed", `is malformed in line ${number + 1}`);
  }
  return { time, entries };
}
