// An archive that is open in the page: its entries, its index, and what is known of its members.

import { type Bytes, decodeLossily } from "../bytes/bytes.ts";
import { MOST_BYTES, mostSealed } from "../bytes/limits.ts";
import { type ByteSource, cancelledBy } from "../bytes/source.ts";
import { beginsCms, openCms } from "../cms/message.ts";
import { Fault } from "../fault.ts";
import { type Grant, grantedOf } from "../index/grant.ts";
import { type Index, type Listed, INDEX_ENTRY, INDEX_NAME, readIndex } from "../index/index.ts";
import { type Keyring } from "../keys/keyring.ts";
import { type Beginning } from "../openpgp/front.ts";
import { type OpenedMessage, openBy, openMessage, openWith, readMessage, type SealedMessage } from "../openpgp/message.ts";
import { readEntries } from "../zip/archive.ts";
import { NotZip } from "../zip/end.ts";
import { type Entry, entryFault, readContent } from "../zip/entry.ts";
import { beginningOctets, beginningOf, messageIds } from "./beginnings.ts";
import { otherFile } from "./other_file.ts";
import { Paths } from "./paths.ts";
import { Required } from "./required.ts";
import { RESERVED, SIGNATURE_ENTRIES } from "./reserved.ts";

export type OnProgress = (octets: number) => void;

export interface Opened {
  /** Its path: that of the member, or the one that is sealed with a member whose name is hidden. */
  readonly path: string;
  readonly content: Bytes;
  readonly isAuthentic: boolean;
  /** Milliseconds since 1970. */
  readonly sealedTime: number | undefined;
}

export interface Opening {
  /** The most octets that it may decompress to. */
  readonly most?: number;
  /** Ends the reading. */
  readonly signal?: AbortSignal;
}

/** What came of opening the index. */
type IndexState =
  | { readonly state: "none" }
  | { readonly state: "closed"; readonly fault: Fault | undefined }
  | { readonly state: "opened"; readonly index: Index };

/** What a grant says of a member. */
interface Granted {
  /** The name of the grant's file. */
  readonly label: string;
  readonly listed: Listed;
}

/** What a grant has come to in an archive. */
interface GrantOutcome {
  /** The members that it lists. */
  readonly members: number;
  readonly fault: Fault | undefined;
  /** Whether it would be the same the next time. */
  readonly isLasting: boolean;
}

export class OpenArchive {
  readonly id: number;
  readonly name: string;
  readonly source: ByteSource;
  readonly entries: readonly Entry[];
  /** The numbers of the entries that are members. */
  readonly members: readonly number[];
  readonly paths: Paths;
  readonly required: Required;
  /** The number of the entry that holds the index. */
  readonly indexEntry: number | undefined;
  /** The numbers of the entries that aren't members, by their stored names. */
  readonly #reserved: ReadonlyMap<string, number>;
  #index: IndexState;
  /** What finds the messages again, once a grant has asked. */
  #ids: Promise<ReadonlyMap<number, string>> | undefined;
  readonly #grants = new Map<Grant, GrantOutcome>();
  /** What grants say of members, those first that came first: anybody can make one that lists a member with a false key. */
  readonly #granted = new Map<number, readonly Granted[]>();
  /** The stored names of granted members that the archive doesn't have. */
  readonly #missingGranted = new Set<string>();
  /** The members that the keys at hand didn't open. */
  readonly #closed = new Set<number>();
  readonly #opened = new Set<number>();
  readonly #closing = new AbortController();

  private constructor(id: number, name: string, source: ByteSource, entries: readonly Entry[]) {
    this.id = id;
    this.name = name;
    this.source = cancelledBy(source, this.#closing.signal);
    this.entries = entries;
    const names = entries.map(({ stored }) => (stored.length > 64 ? "" : decodeLossily(stored)));
    this.#reserved = new Map(names.flatMap((name, place) => (RESERVED.has(name) ? [[name, place] as const] : [])));
    this.members = entries.flatMap(({ isDirectory }, place) => (isDirectory || RESERVED.has(names[place]!) ? [] : [place]));
    this.paths = new Paths(entries, this.members, (place) => this.listed(place)?.name);
    this.required = new Required([...SIGNATURE_ENTRIES].some((name) => this.#reserved.has(name)));
    this.indexEntry = this.place(INDEX_ENTRY);
    this.#index = this.indexEntry === undefined ? { state: "none" } : { state: "closed", fault: undefined };
  }

  static async open(id: number, name: string, source: ByteSource): Promise<OpenArchive> {
    try {
      return new OpenArchive(id, name, source, await readEntries(source));
    } catch (error) {
      throw error instanceof NotZip ? await otherFile(source) : error;
    }
  }

  /** Ends all that is read of it. */
  close(): void {
    this.#closing.abort(new Fault("io", "the archive was closed", "open it again"));
  }

  /** Ends what is done with what was read of it. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  get index(): IndexState {
    return this.#index;
  }

  /** The number of members that grants open. */
  get granted(): number {
    return this.#granted.size;
  }

  /** The stored names of members that the index or a grant lists, and that aren't there. */
  get missing(): readonly string[] {
    return this.#index.state === "opened" ? this.#index.index.missing : [...this.#missingGranted];
  }

  /** The numbers of the members that don't open any more, since the signatures were checked. */
  get withdrawn(): readonly number[] {
    if (this.required.isRefused) return [...this.members.keys()];
    if (!this.required.isSigned) return [];
    return [...this.members.entries()].flatMap(([number, place]) => (this.paths.unconfirmed.has(place) ? [number] : []));
  }

  /** Returns the number of an entry that isn't a member, by its stored name. */
  place(stored: string): number | undefined {
    return this.#reserved.get(stored);
  }

  /** Returns what the opened index, or else a grant, says of an entry. */
  listed(place: number): Listed | undefined {
    return this.#listedInIndex(place) ?? this.#granted.get(place)?.[0]?.listed;
  }

  #listedInIndex(place: number): Listed | undefined {
    return this.#index.state === "opened" ? this.#index.index.listed.get(place) : undefined;
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
    const place = this.indexEntry;
    if (place === undefined || this.#index.state === "opened" || keyring.keys.length === 0) return;
    try {
      // Names of 64 KiB are possible, and not many of them.
      const most = 16 * 1024 * 1024 + 4096 * this.entries.length;
      const octets = await this.#read(place, () => undefined, { most });
      const { literal } = await openMessage(octets, keyring, () => undefined, most);
      const name = decodeLossily(literal.name);
      if (name !== INDEX_NAME) throw new Fault("malformed", `it was sealed as “${name}”, not as an index`);
      this.#index = { state: "opened", index: readIndex(literal.content, this.entries) };
      this.paths.changed();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      // It is sealed to others. Members that are sealed to the key as well open as they would without it.
      this.#index = { state: "closed", fault: error.kind === "no key" ? undefined : error };
    }
  }

  /** Finds the members that a grant of that name lists. That is done once: a grant that doesn't fit won't fit later. */
  async useGrant(grant: Grant, label: string): Promise<void> {
    if (this.#grants.get(grant)?.isLasting) return;
    try {
      this.#ids ??= messageIds(this.source, this.entries, this.members);
      const index = grantedOf(grant, this.entries, await this.#ids);
      this.#grants.set(grant, { members: index?.listed.size ?? 0, fault: undefined, isLasting: true });
      // Else it is for another archive.
      if (index !== undefined) this.#grant(index, label);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      // What couldn't be read is read again the next time.
      const isLasting = error.kind !== "io";
      if (!isLasting) this.#ids = undefined;
      this.#grants.set(grant, { members: 0, fault: error, isLasting });
    }
  }

  #grant({ listed, missing }: Index, label: string): void {
    for (const [place, one] of listed) this.#granted.set(place, [...(this.#granted.get(place) ?? []), { label, listed: one }]);
    for (const name of missing) this.#missingGranted.add(name);
    this.paths.changed();
  }

  /** What became of a grant; `undefined` if it wasn't used yet. */
  outcomeOf(grant: Grant): GrantOutcome | undefined {
    return this.#grants.get(grant);
  }

  /** Returns what the beginning of a member shows to everybody. */
  beginning(place: number, signal?: AbortSignal): Promise<Beginning> {
    return beginningOf(this.#reading(signal), this.entries[place]!);
  }

  /** Reads the first octets of a member. */
  beginningOctets(place: number, most: number, signal?: AbortSignal): Promise<Bytes> {
    return beginningOctets(this.#reading(signal), this.entries[place]!, most);
  }

  /** Opens a member to its authentic end. */
  async openMember(place: number, keyring: Keyring, onProgress: OnProgress, opening: Opening = {}): Promise<Opened> {
    const entry = this.entries[place];
    if (entry === undefined) throw new Fault("malformed", "there is no such member");
    const fault = entryFault(entry);
    if (fault !== undefined) throw new Fault("malformed", `it ${fault}`, "get the archive again from its source; don't trust this one");
    // The name from a grant may turn out to be false as well: that shows once the member is open.
    if (this.#listedInIndex(place) !== undefined || !this.#granted.has(place)) this.paths.refuseRepeated(place);
    const octets = await this.#read(place, onProgress, opening);
    try {
      const opened = beginsCms(octets)
        ? await this.#openCms(octets, place, keyring, onProgress)
        : await this.#openOpenPgp(octets, place, keyring, onProgress, opening.most);
      this.#opened.add(place);
      return opened;
    } catch (error) {
      if (!(error instanceof Fault) || error.kind !== "no key" || keyring.keys.length === 0) throw error;
      this.#closed.add(place);
      if (this.#granted.size === 0) throw error;
      throw new Fault("no key", "the grant doesn't list it, and none of the keys here opens it", "ask whoever made the grant for another one");
    }
  }

  #reading(signal: AbortSignal | undefined): ByteSource {
    return signal === undefined ? this.source : cancelledBy(this.source, signal);
  }

  /** Reads an entry that is to be opened. What is opened is what was signed, if a signature was checked. */
  async #read(place: number, onProgress: OnProgress, { most = MOST_BYTES, signal }: Opening): Promise<Bytes> {
    const octets = await readContent(this.#reading(signal), this.entries[place]!, onProgress, mostSealed(most));
    await this.required.check(place, octets);
    return octets;
  }

  async #openCms(octets: Bytes, place: number, keyring: Keyring, onProgress: OnProgress): Promise<Opened> {
    // An index lists OpenPGP messages alone, and so does a grant.
    if (this.#listedInIndex(place) !== undefined) throw replaced();
    const { content, isAuthentic } = await openCms(octets, keyring, onProgress);
    this.#forgetGranted(place, this.#granted.get(place) ?? []);
    this.paths.refuseRepeated(place);
    // CMS messages carry no name.
    return { path: this.paths.of(place), content, isAuthentic, sealedTime: undefined };
  }

  async #openOpenPgp(octets: Bytes, place: number, keyring: Keyring, onProgress: OnProgress, most: number | undefined): Promise<Opened> {
    const { literal } = await this.#openMessage(octets, place, keyring, onProgress, most);
    const path = await this.paths.check(literal.name, place, () => this.required.isSigned);
    const sealedTime = literal.date === undefined ? undefined : 1000 * literal.date;
    return { path, content: literal.content, isAuthentic: true, sealedTime };
  }

  async #openMessage(octets: Bytes, place: number, keyring: Keyring, onProgress: OnProgress, most: number | undefined): Promise<OpenedMessage> {
    const listed = this.#listedInIndex(place);
    if (listed !== undefined) return openListed(octets, listed, onProgress, most);
    const granted = this.#granted.get(place);
    if (granted === undefined) return openMessage(octets, keyring, onProgress, most);
    const opened = await this.#openGranted(readMessage(octets), place, granted, keyring, onProgress, most);
    this.paths.refuseRepeated(place);
    return opened;
  }

  /** Tries what grants say of a member, and then its own recipients. What turns out to be false is forgotten, with its name. */
  async #openGranted(message: SealedMessage, place: number, granted: readonly Granted[], keyring: Keyring, onProgress: OnProgress, most: number | undefined): Promise<OpenedMessage> {
    let unknownCipher: Fault | undefined;
    for (const [number, { listed }] of granted.entries()) {
      try {
        const opened = await openWith(message, listed.key, onProgress, most);
        if (opened === undefined) continue;
        this.#forgetGranted(place, granted.slice(0, number));
        return opened;
      } catch (error) {
        if (!(error instanceof Fault) || error.kind !== "unsupported") throw error;
        unknownCipher ??= error;
      }
    }
    try {
      const opened = await openBy(message, keyring, onProgress, most);
      this.#forgetGranted(place, granted);
      return opened;
    } catch (error) {
      if (!(error instanceof Fault) || (error.kind !== "no key" && error.kind !== "altered")) throw error;
      throw unknownCipher ?? notAsGranted(granted);
    }
  }

  /** Others may have come meanwhile. */
  #forgetGranted(place: number, untrue: readonly Granted[]): void {
    if (untrue.length === 0) return;
    const left = this.#granted.get(place)?.filter((one) => !untrue.includes(one)) ?? [];
    if (left.length > 0) this.#granted.set(place, left);
    else this.#granted.delete(place);
    this.paths.changed();
  }
}

/** Opens a message by what the index says of it. */
async function openListed(octets: Bytes, { key }: Listed, onProgress: OnProgress, most: number | undefined): Promise<OpenedMessage> {
  try {
    const opened = await openWith(readMessage(octets), key, onProgress, most);
    if (opened !== undefined) return opened;
  } catch (error) {
    // It isn't even a message any more.
    if (!(error instanceof Fault) || error.kind !== "malformed") throw error;
  }
  throw replaced();
}

const replaced = () =>
  new Fault("altered", "it was replaced: the session key in the index doesn't open it", "keep the archive as it is, and get it again from its source");

function notAsGranted(granted: readonly Granted[]): Fault {
  const labels = [...new Set(granted.map(({ label }) => `“${label}”`))].join(", ");
  return new Fault(
    "altered",
    `neither the session key in ${labels} nor a key here opens it`,
    "choose “Forget keys”, and drop your keys again without that grant: anybody can make a false one",
  );
}
