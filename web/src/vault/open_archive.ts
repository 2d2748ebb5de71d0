// An archive that is open in the page: its entries, its index, and what is known of its members.

import { decodeLossily, decodeUtf8, encodeUtf8, hex, sha256 } from "../bytes/bytes.ts";
import { type ByteSource } from "../bytes/source.ts";
import { beginsCms, openCms } from "../cms/message.ts";
import { Fault } from "../fault.ts";
import { type Grant, GRANT_NAME, grantedOf } from "../index/grant.ts";
import { type Index, type Listed, INDEX_ENTRY, INDEX_NAME, isNumber, readIndex } from "../index/index.ts";
import { type Keyring } from "../keys/keyring.ts";
import { type Beginning, readBeginning } from "../openpgp/front.ts";
import { binds, fits, pathOf } from "../openpgp/literal.ts";
import { type OpenedMessage, openMessage, openWith } from "../openpgp/message.ts";
import { readEntries } from "../zip/archive.ts";
import { type Entry, entryFault, findData, readContent, STORED } from "../zip/entry.ts";
import { pathFault } from "../zip/names.ts";
import { LISTS } from "../signatures/manifest.ts";
import { type Expected, hashFault } from "../signatures/expected.ts";

/** The entries that are not members. */
const RESERVED = [INDEX_ENTRY, ...Object.values(LISTS).flatMap(({ list, cms, openpgp }) => [list, cms, openpgp])];

export type OnProgress = (octets: number) => void;

export interface Opened {
  /** Its path: that of the member, or the one that is sealed with a member whose name is hidden. */
  readonly path: string;
  readonly content: Uint8Array<ArrayBuffer>;
  readonly isAuthentic: boolean;
  /** Milliseconds since 1970. */
  readonly sealedTime: number | undefined;
}

/** What came of opening the index. */
type IndexState =
  | { readonly state: "none" }
  | { readonly state: "closed"; readonly fault: Fault | undefined }
  | { readonly state: "opened"; readonly index: Index }
  /** A grant takes the place of the index: what it doesn't list isn't opened. */
  | { readonly state: "granted"; readonly index: Index };

export class OpenArchive {
  readonly id: number;
  readonly name: string;
  readonly source: ByteSource;
  readonly entries: readonly Entry[];
  /** The numbers of the entries that are members. */
  readonly members: readonly number[];
  readonly #indexEntry: number | undefined;
  #index: IndexState;
  /** The key that each member was last opened without: it isn't worth another try. */
  readonly #closed = new Set<number>();
  readonly #opened = new Set<number>();
  /** The paths that are sealed with members whose names are hidden, and that were opened without an index. */
  readonly #sealedPaths = new Map<number, string>();
  /** The SHA-256 of the entries that were opened, in an archive that has signatures. */
  readonly #seen = new Map<number, string>();
  /** What a signature says of the entries, once it was checked: from then on, nothing else opens. */
  #signed: ReadonlyMap<number, Expected> | undefined;
  /** The paths that several members have. */
  #repeated: ReadonlySet<string>;

  private constructor(id: number, name: string, source: ByteSource, entries: readonly Entry[]) {
    this.id = id;
    this.name = name;
    this.source = source;
    this.entries = entries;
    const reserved = new Set(RESERVED);
    const isReserved = (entry: Entry) => reserved.has(decodeLossily(entry.stored));
    this.members = entries.flatMap((entry, place) => (isReserved(entry) || entry.isDirectory ? [] : [place]));
    this.#indexEntry = this.place(INDEX_ENTRY);
    this.#index = this.#indexEntry === undefined ? { state: "none" } : { state: "closed", fault: undefined };
    this.#repeated = this.#repeatedPaths();
  }

  static async open(id: number, name: string, source: ByteSource): Promise<OpenArchive> {
    return new OpenArchive(id, name, source, await readEntries(source));
  }

  get index(): IndexState {
    return this.#index;
  }

  /** The number of the entry that holds the index. */
  get indexEntry(): number | undefined {
    return this.#indexEntry;
  }

  /** Returns the number of the entry with a stored name. */
  place(stored: string): number | undefined {
    // Such names are in ASCII, and short.
    const place = this.entries.findLastIndex((e) => e.stored.length === stored.length && decodeUtf8(e.stored) === stored);
    return place < 0 ? undefined : place;
  }

  /** Returns what the opened index says of an entry. */
  listed(entry: number): Listed | undefined {
    return "index" in this.#index ? this.#index.index.listed.get(entry) : undefined;
  }

  /** Returns the path of an entry: its own, or the one that the index gives it; else its stored name. */
  pathOf(place: number): string {
    const entry = this.entries[place]!;
    return this.listed(place)?.name ?? this.#sealedPaths.get(place) ?? entry.path ?? decodeLossily(entry.stored);
  }

  /** Whether the entry's name is a number that may stand for another name, which isn't known yet. */
  isHidden(place: number): boolean {
    const { path } = this.entries[place]!;
    if (path === undefined || !isNumber(path) || (!path.startsWith("0") && Number(path) > this.entries.length)) return false;
    return this.listed(place)?.name === undefined && !this.#sealedPaths.has(place);
  }

  /** Whether a key at hand opens a member, as far as that is known. */
  access(place: number): "unknown" | "yes" | "no" {
    if (this.listed(place) !== undefined || this.#opened.has(place)) return "yes";
    return this.#closed.has(place) ? "no" : "unknown";
  }

  /** Tries the keys at hand on the index, and reads it to its authentic end before any of it is used. */
  async openIndex(keyring: Keyring): Promise<void> {
    // A new key may open what the others didn't.
    this.#closed.clear();
    const entry = this.#indexEntry === undefined ? undefined : this.entries[this.#indexEntry];
    if (entry === undefined || "index" in this.#index || keyring.keys.length === 0) return;
    try {
      const octets = await this.#read(this.#indexEntry!, entry, () => undefined);
      const { literal } = await openMessage(octets, keyring, () => undefined);
      const name = decodeLossily(literal.name);
      if (name !== INDEX_NAME) throw new Fault("malformed", `it was sealed as “${name}”, not as an index`);
      this.#index = { state: "opened", index: readIndex(literal.content, this.entries) };
      this.#repeated = this.#repeatedPaths();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      // It is sealed to others. Members that are sealed to the key as well open as they would without it.
      this.#index = { state: "closed", fault: error.kind === "no key" ? undefined : error };
    }
  }

  /** Finds the members that a grant lists; `false` if the archive has none of them. */
  async useGrant(grant: Grant): Promise<boolean> {
    const ids = new Map<number, string>();
    for (const place of this.members) {
      // What isn't a message, or can't be read, is found by no grant.
      const beginning = await this.beginning(place).catch(() => undefined);
      if (beginning !== undefined) ids.set(place, beginning.id);
    }
    const index = grantedOf(grant, this.entries, ids);
    if (index === undefined) return false;
    this.#index = { state: "granted", index };
    this.#repeated = this.#repeatedPaths();
    return true;
  }

  /** Returns what the beginning of a member shows to everybody. */
  async beginning(place: number): Promise<Beginning> {
    const octets = await this.beginningOctets(place, 16 * 1024);
    try {
      return readBeginning(octets);
    } catch (error) {
      // Of two thousand recipients.
      const more = await this.beginningOctets(place, 4 * 1024 * 1024);
      if (more.length === octets.length) throw error;
      return readBeginning(more);
    }
  }

  /** Reads the first octets of a member. */
  async beginningOctets(place: number, most: number): Promise<Uint8Array<ArrayBuffer>> {
    const entry = this.entries[place]!;
    if (entry.method !== STORED) return (await readContent(this.source, entry, () => undefined)).slice(0, most);
    const data = await findData(this.source, entry);
    return this.source.read(data.start, Math.min(most, data.length));
  }

  /** Reads an entry that is to be opened. What is opened is what was signed, whatever a server sends the second time. */
  async #read(place: number, entry: Entry, onProgress: OnProgress): Promise<Uint8Array<ArrayBuffer>> {
    const octets = await readContent(this.source, entry, onProgress);
    const expected = this.#signed?.get(place);
    const fault = expected && (await hashFault(octets, expected));
    if (fault !== undefined) throw new Fault("altered", fault, "don't trust it; get the archive again from whoever signed it");
    if (this.place(LISTS.manifest.list) !== undefined || this.place(LISTS.origin.list) !== undefined) {
      this.#seen.set(place, hex(await sha256(octets)));
    }
    return octets;
  }

  /** Returns whether an entry that was opened before had other octets than these, by their SHA-256. */
  wasOther(place: number, hash: string): boolean {
    const seen = this.#seen.get(place);
    return seen !== undefined && seen !== hash;
  }

  /** Lets nothing open any more but what a signature says of the entries. */
  requireSigned(expected: ReadonlyMap<number, Expected>): void {
    this.#signed = expected;
  }

  /** Opens a member to its authentic end. */
  async openMember(place: number, keyring: Keyring, onProgress: OnProgress): Promise<Opened> {
    const entry = this.entries[place];
    if (entry === undefined) throw new Fault("malformed", "there is no such member");
    const fault = entryFault(entry);
    if (fault !== undefined) throw new Fault("malformed", `it ${fault}`, "get the archive again from its source; don't trust this one");
    if (this.#repeated.has(this.pathOf(place))) {
      throw new Fault("malformed", "another member has the same path", "get the archive again from its source; don't trust this one");
    }
    const octets = await this.#read(place, entry, onProgress);
    const listed = this.listed(place);
    if (this.#index.state === "granted" && listed === undefined) {
      throw new Fault("no key", "the grant doesn't list it", "ask whoever made the grant for another one");
    }
    try {
      const opened = beginsCms(octets)
        ? await this.#openCms(octets, place, keyring, onProgress)
        : await this.#openOpenPgp(octets, place, listed, keyring, onProgress);
      this.#opened.add(place);
      return opened;
    } catch (error) {
      if (error instanceof Fault && error.kind === "no key" && keyring.keys.length > 0) this.#closed.add(place);
      throw error;
    }
  }

  #repeatedPaths(): ReadonlySet<string> {
    const paths = this.members.map((place) => this.pathOf(place));
    if (new Set(paths).size === paths.length) return new Set();
    const seen = new Set<string>();
    return new Set(paths.filter((path) => seen.has(path) || !seen.add(path)));
  }

  async #openCms(octets: Uint8Array<ArrayBuffer>, place: number, keyring: Keyring, onProgress: OnProgress): Promise<Opened> {
    // An index lists OpenPGP messages alone.
    if (this.listed(place) !== undefined) throw this.#replaced();
    const { content, isAuthentic } = await openCms(octets, keyring, onProgress);
    // CMS messages carry no name.
    return { path: this.pathOf(place), content, isAuthentic, sealedTime: undefined };
  }

  async #openOpenPgp(octets: Uint8Array<ArrayBuffer>, place: number, listed: Listed | undefined, keyring: Keyring, onProgress: OnProgress): Promise<Opened> {
    let opened: OpenedMessage | undefined;
    if (listed === undefined) {
      opened = await openMessage(octets, keyring, onProgress);
    } else {
      try {
        opened = await openWith(octets, listed.key, onProgress);
      } catch (error) {
        // It isn't even a message any more.
        if (error instanceof Fault && error.kind === "malformed") throw this.#replaced();
        throw error;
      }
      if (opened === undefined) throw this.#replaced();
    }
    const { literal } = opened;
    const path = await this.#checkName(literal.name, place);
    const sealedTime = literal.date === undefined ? undefined : 1000 * literal.date;
    return { path, content: literal.content, isAuthentic: true, sealedTime };
  }

  /** The name that is sealed with a member shows whether it was moved or swapped. Returns its path. */
  async #checkName(name: Uint8Array<ArrayBuffer>, place: number): Promise<string> {
    const literal = decodeLossily(name);
    if (literal === INDEX_NAME || literal === GRANT_NAME) {
      throw new Fault("altered", "it is the index of an archive, or a grant, and not a file");
    }
    const path = this.pathOf(place);
    const hashOf = async (path: string) => hex(await sha256(encodeUtf8(path)));
    if (await fits(name, path, hashOf)) {
      // Whoever opens the members can make an index, or a grant, and name a member by it.
      if (this.#signed !== undefined && this.listed(place)?.name !== undefined && !binds(name)) {
        throw new Fault(
          "altered",
          "its name is from an index or a grant, and nothing that was sealed and signed confirms it",
          "don't trust the name; ask whoever signed the archive what the member is",
        );
      }
      return path;
    }
    const sealed = this.isHidden(place) ? pathOf(name) : undefined;
    if (sealed !== undefined && pathFault(sealed) === undefined) {
      this.#sealedPaths.set(place, sealed);
      return sealed;
    }
    throw new Fault(
      "altered",
      `it was sealed as “${literal}”: it was moved or swapped in the archive, or sealed under another name`,
      "don't trust it; get the archive again from its source",
    );
  }

  #replaced(): Fault {
    const list = this.#index.state === "granted" ? "grant" : "index";
    return new Fault(
      "altered",
      `it was replaced: the session key in the ${list} doesn't open it`,
      "keep the archive as it is, and get it again from its source",
    );
  }
}
