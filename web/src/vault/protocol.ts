// What the page asks of the vault, and what the vault answers.
//
// The vault is a worker. Keys, session keys and everything that parses or decrypts bytes of an
// archive live there; the page has a list of members, and the content of the one that is open.
// Forgetting the keys ends the worker, and with it all of its memory.

import { type Problem } from "../fault.ts";
import { type Verdict } from "../signatures/verdict.ts";

export type { Problem, Verdict };

/** Where the bytes of an archive come from. */
export type ArchiveSource =
  /** A file that was dropped into the page; it is read in slices. */
  | { readonly kind: "file"; readonly file: File }
  /** An address that is read by range requests. */
  | { readonly kind: "address"; readonly url: string };

/** What a member is by the ending of its name. The content decides in the end. */
export type MemberKind = "audio" | "json" | "xml" | "text" | "other";

/** What is known of a member's authenticity. */
export type Authenticity =
  /** It wasn't opened yet. */
  | "unopened"
  /** It was opened to its end, and every byte is what was sealed. */
  | "authentic"
  /** It was opened, but its kind (CMS with AES-CBC) can't show that it wasn't altered. */
  | "not authenticated"
  /** It was opened, and it isn't what was sealed, or not under this name. */
  | "refused";

/** Whether the keys at hand open a member. */
export type Access =
  /** No key is here, or nobody looked yet. */
  | "unknown"
  /** Its session key is at hand: the index has it, or it was opened. */
  | "yes"
  /** None of the keys is one of its recipients. */
  | "no";

export interface Member {
  /** Its place in the archive's list of members, from 0. */
  readonly number: number;
  /** The file's path, `/`-separated, without `.pgp` or `.p7m`. Hostile: show it as text only. */
  readonly name: string;
  /** The name is a number that hides the file's own one. */
  readonly nameIsHidden: boolean;
  readonly kind: MemberKind;
  /** The octets of the sealed member. */
  readonly sealedSize: number;
  /** The octets of the file, if the index says so. */
  readonly size: number | undefined;
  /** Milliseconds since 1970, UTC; of the file if the index says so, else of the ZIP entry. */
  readonly modified: number | undefined;
  readonly access: Access;
}

/** Somebody whose key opens a message. */
export interface RecipientShown {
  /** A fingerprint or key ID in hex, or the issuer and serial number of a certificate. */
  readonly id: string;
  /** The names of the certificates and keys at hand that it fits. */
  readonly label: string | undefined;
  /** A key that is here is this recipient's. */
  readonly isYours: boolean;
}

export interface Archive {
  readonly id: number;
  readonly name: string;
  readonly size: number;
  readonly members: readonly Member[];
  /** `opened`: its names, sizes and session keys are used. `closed`: there is one, and no key opened it. */
  readonly index: "none" | "closed" | "opened";
  /** The members that grants open. */
  readonly granted: number;
  /** How many of its members each grant lists that was tried on it and fits, by the grant's number. */
  readonly grants: readonly { readonly grant: number; readonly members: number }[];
  /** Who can open the index, or the first member if there is no index. */
  readonly recipients: readonly RecipientShown[];
  /** Who the archive's signatures claim to be by; nothing is proven before `verify`. */
  readonly claimsToBeSignedBy: readonly string[];
  /** Notices and faults about the whole archive (a damaged index, a removed member …), to be shown. */
  readonly problems: readonly Problem[];
}

/** A key, or a certificate, that was dropped into the page. */
export type Added =
  | { readonly kind: "key"; readonly label: string; readonly algorithm: string; readonly fingerprint: string }
  /** A private key whose passphrase is needed: ask, then `unlock(ticket, passphrase)`. */
  | { readonly kind: "locked"; readonly label: string; readonly ticket: number }
  /** A certificate: it gives recipients a name, and its signatures count in `verify`. */
  | { readonly kind: "certificate"; readonly label: string; readonly algorithm: string; readonly fingerprint: string }
  | Grant
  /** A grant that had waited for its key, and turned out to be of no use. */
  | { readonly kind: "refused"; readonly grant: number; readonly problem: Problem };

/** It opens members of an archive, for somebody who is no recipient of them. One that waited comes again, with the same number. */
export interface Grant {
  readonly kind: "grant";
  readonly number: number;
  readonly label: string;
  /** How many members it lists; `undefined` until its key is here. */
  readonly members: number | undefined;
  /** Whose key opens it. */
  readonly recipients: readonly RecipientShown[];
}

export interface Content {
  /** Its path, which a member with a hidden name may only show now. Hostile: show it as text only. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly authenticity: "authentic" | "not authenticated";
  /** The file's time as it is sealed with it, in milliseconds since 1970, UTC. */
  readonly sealedTime: number | undefined;
  /** What the content is, by its first octets and its name. */
  readonly kind: MemberKind;
}

export interface Hit {
  readonly archive: number;
  readonly member: number;
  /** The line's number, from 1. */
  readonly line: number;
  /** The line, cut around the match if it is long. Hostile: show it as text only. */
  readonly text: string;
  /** The member isn't authenticated: its text may have been altered. */
  readonly isUnauthenticated: boolean;
  /** Where the match is in `text`, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

export interface SearchProgress {
  readonly searched: number;
  readonly total: number;
  readonly hits: readonly Hit[];
  /** Members of which only the first matches are among the hits, since the last report. */
  readonly cut: number;
  /** Recordings, large files, and what turned out to be no text: they aren't searched. */
  readonly leftOut: number;
  /** Members that could not be searched, since the last report. */
  readonly failed: readonly { readonly archive: number; readonly member: number; readonly problem: Problem }[];
}

export interface SearchQuery {
  readonly text: string;
  readonly ignoreCase: boolean;
  readonly regularExpression: boolean;
}

export interface OpenProgress {
  readonly done: number;
  readonly total: number;
}

/** The calls of the vault. Each can fail with a `Problem` (thrown as `VaultError`). */
export interface Vault {
  /** Reads a file with keys or certificates, PEM or DER, or a grant. One file can hold several keys. */
  addKeys(fileName: string, bytes: Uint8Array<ArrayBuffer>): Promise<readonly Added[]>;
  unlock(ticket: number, passphrase: string): Promise<readonly Added[]>;

  /** Reads the directory of an archive. Needs no key. `name` is what it's called in all that is said of it. */
  openArchive(source: ArchiveSource, name: string, signal: AbortSignal): Promise<Archive>;
  closeArchive(archive: number): Promise<void>;
  /**
   * Tries the keys at hand on the index of an archive: one private key operation, then every
   * member opens by its session key. Returns the archive with what is known now.
   */
  unlockArchive(archive: number): Promise<Archive>;

  /** Who can open one member. Reads its front. */
  recipients(archive: number, member: number, signal: AbortSignal): Promise<readonly RecipientShown[]>;
  /** Opens a member to its authentic end. Nothing of it is returned before. */
  openMember(
    archive: number,
    member: number,
    onProgress: (progress: OpenProgress) => void,
    signal: AbortSignal,
  ): Promise<Content>;
  /** Searches all members of the archives that are open, or of one of them, but recordings, large files and what is no text. */
  search(
    query: SearchQuery,
    archive: number | undefined,
    onProgress: (progress: SearchProgress) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Checks the signatures and every entry against the certificates at hand. Reads the whole archive. */
  verify(archive: number, onProgress: (progress: OpenProgress) => void, signal: AbortSignal): Promise<Verdict>;

  /** Ends the worker: keys, session keys and contents are gone. The vault can't be used any more. */
  forget(): void;
}

/** What a failed call says about what it was asked to open. */
export type Failure =
  /** None of the keys at hand opens it. */
  | "no key"
  /** It was opened, and it isn't what was sealed, or not under this name. */
  | "refused"
  /** Anything else: the file can't be read, the network fails, the query isn't right … */
  | "failed";

/** The error that a call of the vault ends with. */
export class VaultError extends Error implements Problem {
  override readonly name = "VaultError";
  readonly hint: string | undefined;
  readonly failure: Failure;

  constructor(problem: Problem, failure: Failure = "failed") {
    super(problem.message);
    this.hint = problem.hint;
    this.failure = failure;
  }
}
