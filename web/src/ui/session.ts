// The archives and the keys of the page, and the vault that has them.
import { VaultError, type Added, type Archive, type ArchiveSource, type Grant, type Problem, type Vault, type Verdict } from "../vault/protocol.ts";
import { shown } from "../text/escapes.ts";
import { Listeners } from "./dom.ts";
import { counted } from "./format.ts";
import { adviceOn } from "./grants.ts";
import { rowsOf, type ArchiveEntry, type Row } from "./rows.ts";

export type KeyShown = Extract<Added, { kind: "key" }>;
export type Certificate = Extract<Added, { kind: "certificate" }>;
export type LockedKey = Extract<Added, { kind: "locked" }>;

export type Change =
  | { readonly what: "archives" }
  | { readonly what: "keys" }
  /** The members are other ones, or have other names. */
  | { readonly what: "rows" }
  | { readonly what: "row"; readonly row: Row }
  /** Members of an archive don't open any more: what was opened of them doesn't count. */
  | { readonly what: "withdrawn"; readonly entry: ArchiveEntry }
  /** A key needs its passphrase. */
  | { readonly what: "locked"; readonly key: LockedKey }
  | { readonly what: "forgotten"; readonly why: Forgetting }
  | { readonly what: "problem"; readonly problem: Problem; readonly topic: string | undefined }
  /** What was said about a topic holds no longer: it's tried again, or settled. */
  | { readonly what: "settled"; readonly topic: string }
  /** Files that were given are being read, or no longer. */
  | { readonly what: "busy"; readonly isBusy: boolean }
  | { readonly what: "note"; readonly text: string; readonly topic: string };

/** What messages about all keys have in common. */
export const KEYS = "keys";
/** Whether an archive names a key. */
const RECIPIENTS = "recipients";

export type Forgetting = "asked" | "idle";

/** Keys are small. Anything larger isn't read. */
const LARGEST_KEY_FILE = 4 * 1024 * 1024;
const GATHER_MILLISECONDS = 30;
const NONE: ReadonlySet<number> = new Set();

export class Session {
  readonly changes = new Listeners<Change>();
  archives: readonly ArchiveEntry[] = [];
  keys: readonly KeyShown[] = [];
  certificates: readonly Certificate[] = [];
  locked: readonly LockedKey[] = [];
  grants: readonly Grant[] = [];
  vault: Vault;
  readonly #newVault: () => Vault;
  /** How many times files were given that are still being read. */
  #drops = 0;
  /** Ends what is read to open an archive. */
  readonly #opening = new WeakMap<ArchiveEntry, AbortController>();
  #telling: ReturnType<typeof setTimeout> | undefined;

  constructor(newVault: () => Vault) {
    this.#newVault = newVault;
    this.vault = newVault();
  }

  get rows(): readonly Row[] {
    return this.archives.flatMap(({ rows }) => rows);
  }

  /** Whether there is something to forget. */
  get hasSecrets(): boolean {
    return this.keys.length > 0 || this.locked.length > 0 || this.grants.length > 0;
  }

  /** Archives and keys, as they were dropped or chosen: their first octets say what they are. */
  async addFiles(files: readonly File[]): Promise<void> {
    const { vault } = this;
    let isKeyFirst = true;
    const work = files.map(async (file) => {
      try {
        if (await isArchive(file)) {
          await this.addArchive({ kind: "file", file }, file.name);
        } else {
          // Keys of one drop don't take each other's messages away.
          if (isKeyFirst) this.settle(KEYS);
          isKeyFirst = false;
          return await this.#addKeys(file, vault);
        }
      } catch (error) {
        this.report(unreadable(file.name, error), file.name);
      }
      return [];
    });
    this.changes.tell({ what: "busy", isBusy: ++this.#drops > 0 });
    const added = await Promise.all(work);
    // The archive for a key can be among them, and be opened after it.
    if (vault === this.vault) for (const one of added) this.#noteUseless(one);
    // What came of them is there when it's said that they are read.
    if (this.#telling !== undefined) this.#tellArchives();
    this.changes.tell({ what: "busy", isBusy: --this.#drops > 0 });
  }

  /** What becomes of it takes the place of the messages of the topic. */
  async addArchive(source: ArchiveSource, name: string, topic = topicOf(source)): Promise<void> {
    const same = this.archives.find((entry) => isSame(entry.source, source));
    if (same) {
      this.report({ message: `${same.name}: this archive is open already`, hint: undefined }, topicOfOpen(same));
      return;
    }
    this.settle(topic);
    const entry: ArchiveEntry = { source, name: this.#newName(name), state: { kind: "opening" }, rows: [], verdict: undefined, withdrawn: NONE };
    this.archives = [...this.archives, entry];
    this.#tellSoon();
    await this.#open(entry, topic);
  }

  /** Two archives of one name, from two directories, are told apart by numbers. */
  #newName(name: string): string {
    // White space of any kind and length looks the same.
    const seen = (name: string) => shown(name).replaceAll(/\s+/gu, " ");
    const taken = new Set(this.archives.map((entry) => seen(entry.name)));
    let own = name;
    for (let number = 2; taken.has(seen(own)); number++) own = `${name} (${number})`;
    return own;
  }

  async closeArchive(entry: ArchiveEntry): Promise<void> {
    this.archives = this.archives.filter((other) => other !== entry);
    entry.rows = [];
    this.#opening.get(entry)?.abort();
    this.settle(topicOfOpen(entry));
    this.#tellArchives();
    if (entry.state.kind === "open") await this.#attempt(this.vault.closeArchive(entry.state.archive.id));
  }

  /** A wrong passphrase is an error of the vault, for the dialog to show. */
  async unlock(key: LockedKey, passphrase: string): Promise<void> {
    const { vault } = this;
    const added = await vault.unlock(key.ticket, passphrase);
    if (vault !== this.vault) return;
    this.locked = this.locked.filter((other) => other !== key);
    this.settle(KEYS);
    this.#keep(added);
    await this.#unlockArchives();
    if (vault === this.vault) this.#noteUseless(added);
  }

  /** Ends the vault, with all that it has, and starts a new one for the same archives. */
  forget(why: Forgetting): void {
    this.vault.forget();
    this.vault = this.#newVault();
    this.keys = [];
    this.certificates = [];
    this.locked = [];
    this.grants = [];
    for (const entry of this.archives) {
      this.#opening.get(entry)?.abort();
      entry.rows = [];
      entry.verdict = undefined;
      entry.withdrawn = NONE;
      entry.state = { kind: "opening" };
    }
    this.changes.tell({ what: "forgotten", why });
    this.changes.tell({ what: "keys" });
    this.#tellArchives();
    for (const entry of this.archives) void this.#open(entry, topicOf(entry.source));
  }

  /** What was opened before an archive was verified may not be what was signed. */
  verified(entry: ArchiveEntry, verdict: Verdict): void {
    entry.verdict = verdict;
    entry.withdrawn = new Set(verdict.withdrawn);
    this.settle(topicOfOpen(entry));
    if (verdict.withdrawn.length === 0) return;
    for (const row of entry.rows) {
      if (!entry.withdrawn.has(row.member.number) || row.authenticity === "refused") continue;
      row.authenticity = "unopened";
      row.kind = row.member.kind;
    }
    this.changes.tell({ what: "withdrawn", entry });
    this.#tellArchives();
    this.report(verdict.state === "signed" ? unconfirmed(entry) : refused(entry), topicOfOpen(entry));
  }

  report(problem: Problem, topic?: string): void {
    this.changes.tell({ what: "problem", problem, topic });
  }

  settle(topic: string): void {
    this.changes.tell({ what: "settled", topic });
  }

  /** Tells that something became known about a member. */
  learned(row: Row, facts: Partial<Pick<Row, "access" | "authenticity" | "name" | "searchedName" | "kind">>): void {
    Object.assign(row, facts);
    this.changes.tell({ what: "row", row });
  }

  /** The row of the same member, after its archive's names have become known. */
  current(row: Row): Row | undefined {
    return this.archives.includes(row.entry) ? row.entry.rows[row.member.number] : undefined;
  }

  /** The same, if what was found in the member counts, and under its name. */
  standing(row: Row): Row | undefined {
    const current = this.current(row);
    return current?.name === row.name && !row.entry.withdrawn.has(row.member.number) ? current : undefined;
  }

  /** Many archives can be opened at the same time: all that came of them is shown at once. */
  #tellSoon(): void {
    this.#telling ??= setTimeout(() => this.#tellArchives(), GATHER_MILLISECONDS);
  }

  #tellArchives(): void {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    this.changes.tell({ what: "archives" });
    this.changes.tell({ what: "rows" });
  }

  /** A key is for the vault that was there when it was given: one that was forgotten meanwhile stays so. */
  async #addKeys(file: File, vault: Vault): Promise<readonly Added[]> {
    if (file.size > LARGEST_KEY_FILE) {
      this.report({ message: `${file.name} is neither an archive nor a key`, hint: "give a ZIP archive, or a key in PEM or DER" }, KEYS);
      return [];
    }
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (vault !== this.vault) {
      bytes.fill(0);
      return [];
    }
    const added = await this.#attempt(vault.addKeys(file.name, bytes), KEYS);
    if (!added || vault !== this.vault) return [];
    this.#keep(added);
    await this.#unlockArchives();
    return added;
  }

  #keep(added: readonly Added[]): void {
    for (const one of added) {
      if (one.kind === "key") this.keys = withNew(this.keys, one);
      if (one.kind === "certificate") this.certificates = withNew(this.certificates, one);
      if (one.kind === "locked") this.locked = [...this.locked, one];
      if (one.kind === "grant") this.grants = withGrant(this.grants, one);
      if (one.kind === "refused") {
        this.grants = this.grants.filter(({ number }) => number !== one.grant);
        this.report(one.problem, KEYS);
      }
    }
    this.changes.tell({ what: "keys" });
    const [first] = added;
    if (first?.kind === "certificate" && !this.hasSecrets) {
      this.#note(`${first.label} is a certificate: it gives recipients and signers their names. To open members, drop a private key.`, KEYS);
    }
    for (const key of added) if (key.kind === "locked") this.changes.tell({ what: "locked", key });
  }

  async #open(entry: ArchiveEntry, topic: string): Promise<void> {
    const { vault } = this;
    const opening = new AbortController();
    this.#opening.set(entry, opening);
    try {
      const archive = await vault.openArchive(entry.source, entry.name, opening.signal);
      if (vault !== this.vault) return;
      if (!this.archives.includes(entry)) return void (await this.#attempt(vault.closeArchive(archive.id)));
      this.#show(entry, archive);
      if (this.hasSecrets) await this.#unlockArchive(entry);
    } catch (error) {
      if (opening.signal.aborted || isCancelled(error)) return;
      // It can be given again, once it is mended.
      this.archives = this.archives.filter((other) => other !== entry);
      this.#tellSoon();
      this.report(problemOf(error), topic);
    }
  }

  async #unlockArchives(): Promise<void> {
    await Promise.all(this.archives.map((entry) => this.#unlockArchive(entry)));
  }

  #noteUseless(added: readonly Added[]): void {
    const [first] = added;
    if (first?.kind === "key" && this.#namesNoKey()) {
      this.settle(RECIPIENTS);
      this.#note(`${first.label}: none of the archives here names it as a recipient.`, RECIPIENTS);
    }
    // Grants that wait come again with the names that a certificate gives.
    if (first?.kind === "certificate") return;
    // An archive may be another one than that of a grant.
    const grants = first === undefined ? this.grants.filter(({ members }) => members !== undefined) : added.filter((one) => one.kind === "grant");
    for (const grant of grants) this.#adviseOn(grant);
  }

  /** Says what is missing for a grant. */
  #adviseOn(grant: Grant): void {
    const topic = `grant ${grant.number}`;
    this.settle(topic);
    const advice = adviceOn(grant, this.archives, this.keys.length > 0);
    if (advice?.hint !== undefined) this.report(advice, topic);
    else if (advice) this.#note(advice.message, topic);
  }

  #note(text: string, topic: string): void {
    this.changes.tell({ what: "note", text, topic });
  }

  /** Whether all archives name others as their recipients. Those that are hidden may be anybody. */
  #namesNoKey(): boolean {
    const open = this.archives.flatMap(({ state }) => (state.kind === "open" ? [state.archive] : []));
    const isForOthers = ({ recipients, granted }: Archive) =>
      granted === 0 && recipients.length > 0 && recipients.every(({ id, isYours }) => !isYours && !/^(hidden|a passphrase|serial |subject key identifier )/.test(id));
    return open.length > 0 && open.every(isForOthers);
  }

  async #unlockArchive(entry: ArchiveEntry): Promise<void> {
    if (entry.state.kind !== "open") return;
    const { vault } = this;
    try {
      const archive = await vault.unlockArchive(entry.state.archive.id);
      if (vault === this.vault && this.archives.includes(entry)) this.#show(entry, archive);
    } catch (error) {
      // One that was closed meanwhile can't be read any more.
      if (this.archives.includes(entry) && !isCancelled(error)) this.report(problemOf(error));
    }
  }

  #show(entry: ArchiveEntry, archive: Archive): void {
    const before = entry.state.kind === "open" ? entry.state.archive.problems : [];
    const isNew = (problem: Problem) => !before.some(({ message }) => message === problem.message);
    const [first, ...others] = archive.problems.filter(isNew);
    // One message for all of them, which leaves room for those about others.
    const more = others.length > 0 ? `; and ${counted(others.length, "more problem")} under “Archives and keys”` : "";
    if (first) this.report({ message: first.message + more, hint: first.hint }, topicOfOpen(entry));
    entry.state = { kind: "open", archive };
    entry.rows = rowsOf(entry, archive);
    if (!this.#namesNoKey()) this.settle(RECIPIENTS);
    this.#tellSoon();
  }

  async #attempt<Value>(call: Promise<Value>, topic?: string): Promise<Value | undefined> {
    try {
      return await call;
    } catch (error) {
      if (!isCancelled(error)) this.report(problemOf(error), topic);
      return undefined;
    }
  }
}

export function isCancelled(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

export function problemOf(error: unknown): Problem {
  if (error instanceof VaultError) return error;
  return { message: error instanceof Error ? error.message : String(error), hint: undefined };
}

async function isArchive(file: File): Promise<boolean> {
  const start = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  return (start[0] === 0x50 && start[1] === 0x4b) || file.name.toLowerCase().endsWith(".zip");
}

/** Of attempts to open it. */
function topicOf(source: ArchiveSource): string {
  return `opening ${source.kind === "file" ? source.file.name : source.url}`;
}

/** Of what is wrong with it while it's here. */
function topicOfOpen({ name }: ArchiveEntry): string {
  return `open ${name}`;
}

function isSame(a: ArchiveSource, b: ArchiveSource): boolean {
  if (a.kind === "address") return b.kind === "address" && a.url === b.url;
  return b.kind === "file" && a.file.name === b.file.name && a.file.size === b.file.size && a.file.lastModified === b.file.lastModified;
}

function withNew<Key extends { readonly fingerprint: string }>(known: readonly Key[], key: Key): readonly Key[] {
  return known.some(({ fingerprint }) => fingerprint === key.fingerprint) ? known : [...known, key];
}

function refused({ name }: ArchiveEntry): Problem {
  return {
    message: `${name}: it isn't verified, so nothing of it opens any more; what was opened of it is closed, and what was found in it is gone`,
    hint: "don't trust what you have heard or read of it; “Archives and keys” says what is wrong",
  };
}

function unconfirmed({ name, withdrawn }: ArchiveEntry): Problem {
  return {
    message: `${name}: ${counted(withdrawn.size, "member")} had been opened under a name that nothing sealed and signed confirms: what was opened is closed, and what was found is gone`,
    hint: "don't trust the names; ask whoever signed the archive what the members are",
  };
}

/** A grant that had waited for its key comes again. */
function withGrant(known: readonly Grant[], grant: Grant): readonly Grant[] {
  const isKnown = known.some(({ number }) => number === grant.number);
  return isKnown ? known.map((other) => (other.number === grant.number ? grant : other)) : [...known, grant];
}

function unreadable(name: string, error: unknown): Problem {
  const cause = error instanceof Error ? error.message : String(error);
  return { message: `${name} can't be read: ${cause}`, hint: "give a file; a directory must be opened first" };
}
