// The vault itself: keys, archives, and what the page may ask of them.

import { type Bytes } from "../bytes/bytes.ts";
import { AddressSource, BufferedSource, FileSource, cancelledBy } from "../bytes/source.ts";
import { Fault } from "../fault.ts";
import { type KeyFileItem, readKeyFile } from "../keys/key_file.ts";
import { Keyring } from "../keys/keyring.ts";
import { type LockedKey } from "../keys/pbes2.ts";
import { keyKind } from "../keys/public_key.ts";
import { claimedSigners } from "../signatures/claims.ts";
import { verify } from "../signatures/verify.ts";
import { Grants } from "./grants.ts";
import { kindByName, kindOf } from "./kinds.ts";
import { OpenArchive } from "../archive/open_archive.ts";
import { recipientsOf } from "./recipients.ts";
import { Matching } from "./matching.ts";
import { searchMembers } from "./member_search.ts";
import {
  type Added,
  type Archive,
  type ArchiveSource,
  type Content,
  type Member,
  type OpenProgress,
  type Problem,
  type RecipientShown,
  type SearchProgress,
  type SearchQuery,
  VaultError,
  type Verdict,
} from "./protocol.ts";
import { type VaultCore as Contract } from "./wire.ts";
import { throttled } from "./throttled.ts";
import { failureOf, problemOf } from "./words.ts";

export class VaultCore implements Contract {
  readonly #keyring = new Keyring();
  readonly #archives = new Map<number, OpenArchive>();
  readonly #locked = new Map<number, { readonly key: LockedKey; readonly label: string }>();
  readonly #grants = new Grants(this.#keyring);
  #nextNumber = 1;

  async addKeys(fileName: string, bytes: Bytes): Promise<Added[]> {
    return this.#named(fileName, async () => {
      if (looksLikeMessage(bytes)) return [await this.#grants.add({ number: this.#nextNumber++, label: fileName, octets: bytes })];
      try {
        const added: Added[] = [];
        for (const item of await readKeyFile(bytes)) added.push(await this.#add(fileName, item));
        return [...added, ...(await this.#grants.retry())];
      } finally {
        bytes.fill(0);
      }
    });
  }

  async unlock(ticket: number, passphrase: string): Promise<Added[]> {
    const locked = this.#locked.get(ticket);
    if (locked === undefined) throw new VaultError({ message: "there is no such key", hint: undefined });
    return this.#named(locked.label, async () => {
      const der = await locked.key.unlock(passphrase);
      let added: Added;
      try {
        const [item] = await readKeyFile(der);
        added = await this.#add(locked.label, item!);
      } finally {
        der.fill(0);
      }
      this.#locked.delete(ticket);
      return [added, ...(await this.#grants.retry())];
    });
  }

  async #add(label: string, item: KeyFileItem): Promise<Added> {
    switch (item.kind) {
      case "key": {
        const { fingerprint, publicKey } = item.key;
        this.#keyring.addKey({ key: item.key, label });
        return { kind: "key", label, algorithm: keyKind(publicKey), fingerprint: fingerprint.toUpperCase() };
      }
      case "locked": {
        const ticket = this.#nextNumber++;
        this.#locked.set(ticket, { key: item.key, label });
        return { kind: "locked", label, ticket };
      }
      case "certificate": {
        const { certificate } = item;
        this.#keyring.addCertificate(certificate);
        const algorithm = certificate.publicKey === undefined ? "another kind of key" : keyKind(certificate.publicKey);
        return { kind: "certificate", label: certificate.label, algorithm, fingerprint: certificate.sha256.toUpperCase() };
      }
    }
  }

  async openArchive(source: ArchiveSource, name: string, signal: AbortSignal): Promise<Archive> {
    return this.#named(name, async () => {
      const bytes = source.kind === "file" ? new FileSource(source.file) : await AddressSource.open(source.url, signal);
      const id = this.#nextNumber++;
      const archive = await OpenArchive.open(id, name, cancelledBy(new BufferedSource(bytes), signal));
      const shown = await this.#shown(archive);
      signal.throwIfAborted();
      this.#archives.set(id, archive);
      return shown;
    });
  }

  async closeArchive(archive: number): Promise<void> {
    this.#archives.get(archive)?.close();
    this.#archives.delete(archive);
  }

  async unlockArchive(id: number): Promise<Archive> {
    const archive = this.#archive(id);
    return this.#named(archive.name, async () => {
      await archive.openIndex(this.#keyring);
      await this.#grants.use(archive);
      return this.#shown(archive);
    });
  }

  async recipients(id: number, member: number, signal: AbortSignal): Promise<RecipientShown[]> {
    const archive = this.#archive(id);
    const place = this.#place(archive, member);
    return this.#named(archive.paths.of(place), () => recipientsOf(archive, place, this.#keyring, signal));
  }

  async openMember(
    id: number,
    member: number,
    onProgress: (progress: OpenProgress) => void,
    signal: AbortSignal,
  ): Promise<Content> {
    const archive = this.#archive(id);
    const place = this.#place(archive, member);
    return this.#named(archive.paths.of(place), async () => {
      // Each octet is read once, and decrypted once.
      const total = 2 * archive.entries[place]!.storedSize;
      let done = 0;
      const report = throttled(onProgress);
      const opened = await this.#withLocked(
        archive.openMember(
          place,
          this.#keyring,
          (octets) => {
            signal.throwIfAborted();
            done = Math.min(total, done + octets);
            report({ done, total });
          },
          { signal },
        ),
      );
      return {
        name: opened.path,
        bytes: opened.content,
        authenticity: opened.isAuthentic ? "authentic" : "not authenticated",
        sealedTime: opened.sealedTime,
        kind: kindOf(opened.path, opened.content),
      };
    });
  }

  async search(
    query: SearchQuery,
    only: number | undefined,
    onProgress: (progress: SearchProgress) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const matching = await this.#named(query.text, async () => new Matching(query));
    const archives = only === undefined ? [...this.#archives.values()] : [this.#archive(only)];
    try {
      await searchMembers(archives, this.#keyring, matching, onProgress, signal);
    } finally {
      matching.close();
    }
  }

  async verify(id: number, onProgress: (progress: OpenProgress) => void, signal: AbortSignal): Promise<Verdict> {
    const archive = this.#archive(id);
    const report = throttled(onProgress);
    return this.#named(archive.name, () => verify(archive, this.#keyring.certificates, Date.now(), report, signal));
  }

  async #shown(archive: OpenArchive): Promise<Archive> {
    const claims = await claimedSigners(archive);
    return {
      id: archive.id,
      name: archive.name,
      size: archive.source.size,
      members: archive.members.map((place, number) => shownMember(archive, place, number)),
      index: archive.index.state,
      granted: archive.granted,
      grants: this.#grants.shownOf(archive),
      recipients: await this.#archiveRecipients(archive),
      claimsToBeSignedBy: claims.map(({ signer }) => signer),
      problems: [...this.#grants.problemsOf(archive), ...problemsOf(archive)],
    };
  }

  /** Those of the index, else of the first member. */
  async #archiveRecipients(archive: OpenArchive): Promise<RecipientShown[]> {
    const place = archive.indexEntry ?? archive.members[0];
    if (place === undefined) return [];
    try {
      return await recipientsOf(archive, place, this.#keyring);
    } catch {
      // It is said when that one is opened.
      return [];
    }
  }

  /** A key that is locked may be the one that is missing. */
  async #withLocked<T>(opening: Promise<T>): Promise<T> {
    try {
      return await opening;
    } catch (error) {
      const [locked] = this.#locked.values();
      if (!(error instanceof Fault) || error.kind !== "no key" || locked === undefined) throw error;
      throw new Fault("no key", `no key that is unlocked opens it, and “${locked.label}” is locked`, "unlock it with its passphrase");
    }
  }

  #archive(id: number): OpenArchive {
    const archive = this.#archives.get(id);
    if (archive === undefined) throw new VaultError({ message: "the archive isn't open any more", hint: "open it again" });
    return archive;
  }

  #place(archive: OpenArchive, member: number): number {
    const place = archive.members[member];
    if (place === undefined) throw new VaultError({ message: `${archive.name}: there is no such member`, hint: undefined });
    return place;
  }

  /** Gives faults the name of what has them. */
  async #named<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const isAbort = error instanceof DOMException && error.name === "AbortError";
      if (error instanceof VaultError || isAbort) throw error;
      throw new VaultError(problemOf(name, error), failureOf(error));
    }
  }
}

/** Returns whether octets begin a binary OpenPGP message: a PKESK packet. */
function looksLikeMessage(octets: Bytes): boolean {
  const [first] = octets;
  return first === 0xc1 || (first !== undefined && (first & 0xfc) === 0x84);
}

function shownMember(archive: OpenArchive, place: number, number: number): Member {
  const entry = archive.entries[place]!;
  const listed = archive.listed(place);
  const name = archive.paths.of(place);
  return {
    number,
    name,
    nameIsHidden: archive.paths.isHidden(place),
    kind: kindByName(name),
    sealedSize: entry.storedSize,
    size: listed?.size,
    modified: listed === undefined ? 1000 * entry.modified : listed.modified,
    access: archive.access(place),
  };
}

/** What is wrong with the archive as a whole. */
function problemsOf(archive: OpenArchive): Problem[] {
  const { index } = archive;
  if (index.state === "closed" && index.fault !== undefined) {
    return [
      {
        message: `${archive.name}: the index can't be used: ${index.fault.message}; members open by their own recipients`,
        hint: "get the archive again from its source, if you can",
      },
    ];
  }
  const MOST = 100;
  const list = index.state === "opened" ? "index" : "grant";
  const hint = "keep the archive as it is, and get it again from its source; anyone can seal a false index: `callseal list --ignore-index` does without it";
  const missing = archive.missing.slice(0, MOST).map((name) => ({
    message: `${archive.name}: ${name}: the ${list} lists it, and it isn't in the archive`,
    hint,
  }));
  const more = archive.missing.length - missing.length;
  return more > 0 ? [...missing, { message: `${archive.name}: ${more} more members are missing`, hint }] : missing;
}
