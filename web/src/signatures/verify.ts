// Checking an archive: every entry, and the signatures of named signers, in the words of `callseal verify`.

import { type Bytes, decodeLossily } from "../bytes/bytes.ts";
import { Fault, type Problem } from "../fault.ts";
import { type Certificate } from "../keys/certificate.ts";
import { type ByteSource, cancelledBy } from "../bytes/source.ts";
import { namesCertificate } from "../keys/named.ts";
import { type OpenArchive } from "../archive/open_archive.ts";
import { readContent } from "../zip/entry.ts";
import { withoutEnding } from "../zip/names.ts";
import { claimsOf, claimsOfOpenPgp, signatureOctets } from "./claims.ts";
import { type Comparison, compareManifest, compareOrigin } from "./compare.ts";
import { type Expected, faultOf, found } from "../archive/expected.ts";
import { recipientsIn } from "./recipients.ts";
import { type SignatureVerdict, judge, timestamp, unfitForSignatures } from "./judge.ts";
import { LISTS, type ListNames, SIGNATURE_ENTRIES } from "../archive/reserved.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { type SignedData, readSignedData } from "./signed_data.ts";
import { quoted } from "../text/quoted.ts";
import { type Verdict } from "./verdict.ts";

/** Octets that were read, of all. */
interface Progress {
  readonly done: number;
  readonly total: number;
}

const ASK_SIGNER = "don't trust it, and keep it as it is; get the archive again from whoever signed it";
const MOST_NAMES = 8;
/** More faults are counted, and not listed: an archive can have one for each of its entries. */
const MOST_FAULTS = 100;

/** A list, and what its signatures are worth. */
interface SignedList {
  readonly octets: Bytes;
  readonly verdicts: readonly SignatureVerdict[];
}

interface Counted {
  readonly manifest: Manifest;
  readonly verdicts: readonly SignatureVerdict[];
  readonly comparison: Comparison;
}

/** Reads all of an archive, and checks it for the signers among these certificates. */
export async function verify(
  archive: OpenArchive,
  certificates: readonly Certificate[],
  now: number,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Verdict> {
  const check = new Check(archive, cancelledBy(archive.source, signal), certificates, now);
  try {
    await check.lists();
  } catch (error) {
    check.take(error, (message, hint) => check.fail(message, hint ?? ASK_SIGNER));
  }
  await check.entries(onProgress, signal);
  return check.verdict(signal);
}

class Check {
  readonly #archive: OpenArchive;
  readonly #source: ByteSource;
  readonly #signers: readonly Certificate[];
  /** The certificates that are for recipients alone: they were dropped for their names. */
  readonly #others: readonly Certificate[];
  readonly #now: number;
  readonly #problems: Problem[] = [];
  /** What is no fault of the archive. */
  readonly #notes: Problem[] = [];
  #faults = 0;
  /** Those that only mean that this page can't check something. */
  #unchecked = 0;
  readonly #unknown: SignatureVerdict[] = [];
  /** What the lists that count say of each entry. */
  readonly #expected = new Map<number, Expected>();
  #manifest: Counted | undefined;
  #origin: Counted | undefined;
  #hasOrigin = false;
  #bytes = 0;

  constructor(archive: OpenArchive, source: ByteSource, certificates: readonly Certificate[], now: number) {
    this.#archive = archive;
    this.#source = source;
    this.#signers = certificates.filter((certificate) => unfitForSignatures(certificate) === undefined);
    this.#others = certificates.filter((certificate) => unfitForSignatures(certificate) !== undefined);
    this.#now = now;
  }

  fail(fault: string, hint: string): void {
    this.#faults++;
    if (this.#faults <= MOST_FAULTS) this.#problems.push({ message: `${this.#archive.name}: ${fault}`, hint });
  }

  #failMember(name: string, fault: string, hint: string): void {
    this.fail(`${name}: ${fault}`, hint);
  }

  /** Takes an error for a fault of the archive, unless it only couldn't be read. */
  take(error: unknown, fail: (message: string, hint: string | undefined) => void): void {
    if (!(error instanceof Fault) || error.kind === "io") throw error;
    if (error.kind === "unsupported") this.#unchecked++;
    fail(error.message, error.hint);
  }

  /** Checks the signatures of both lists, and compares the names of the entries. */
  async lists(): Promise<void> {
    if (this.#signers.length === 0) return;
    const own = await this.#list(LISTS.manifest);
    const origin = await this.#list(LISTS.origin);
    this.#hasOrigin = origin !== undefined;
    this.#manifest = this.#count(own, LISTS.manifest, compareManifest);
    this.#origin = this.#count(origin, LISTS.origin, compareOrigin);
    if (this.#manifest !== undefined || this.#origin !== undefined || this.#faults > 0) return;
    if (own === undefined && origin === undefined) {
      this.fail("it is not signed", "ask its sender for the signed archive; without a signer's certificate, the check says whether it is sound");
    } else if (this.#unknown.length === 0) {
      this.fail("it has a list that was to be signed, and its signature is missing or can't be read", ASK_SIGNER);
    } else {
      const names = (list: SignedList | undefined) => namesOf(list?.verdicts ?? []);
      const claims = [
        own !== undefined && own.verdicts.length > 0 ? `claims to be signed by ${names(own)}` : "",
        origin !== undefined && origin.verdicts.length > 0 ? `claims that what is sealed in it was signed by ${names(origin)}` : "",
      ].filter((claim) => claim !== "");
      this.fail(
        `it has no signature of a signer whose certificate is here; it ${claims.join(", and it ")}`,
        "drop the certificate of whoever should have signed it; a signature by anybody else proves nothing. The page checks signatures of X.509 certificates; `callseal verify` checks OpenPGP ones as well",
      );
    }
  }

  /** Returns a list with what came of its signatures; `undefined` if the archive has neither. */
  async #list(names: ListNames): Promise<SignedList | undefined> {
    const archive = this.#archive;
    const place = archive.place(names.list);
    const cms = await signatureOctets(archive, names.cms, this.#source);
    const openpgp = await signatureOctets(archive, names.openpgp, this.#source);
    if (place === undefined) {
      if (archive.place(names.cms) === undefined && archive.place(names.openpgp) === undefined) return undefined;
      throw new Fault("altered", `${names.list} is missing, which its signatures are for`);
    }
    const octets = await readContent(this.#source, archive.entries[place]!, () => undefined);
    const data = cms && (await readSignedData(cms));
    if (data !== undefined) this.#noteOthers(data);
    const ofCms = data === undefined ? [] : await judge(data, octets, this.#signers, this.#now);
    const ofOpenPgp = claimsOfOpenPgp(openpgp ?? new Uint8Array(0)).map(
      ({ signer, time }): SignatureVerdict => ({ signer, claimed: time, standing: { state: "unknown" } }),
    );
    const verdicts = [...ofCms, ...ofOpenPgp];
    for (const { signer, standing } of verdicts) {
      if (standing.state === "fails") throw new Fault("altered", `the signature of ${quoted(signer)} ${standing.fault}`);
    }
    return { octets, verdicts };
  }

  /** Says which signatures can't hold for their certificates here. */
  #noteOthers({ signers }: SignedData): void {
    for (const certificate of this.#others) {
      if (!signers.some(({ signer }) => namesCertificate(signer, certificate))) continue;
      const message = `${this.#archive.name}: ${notForSignatures(certificate)}, so no signature of its owner holds`;
      if (!this.#notes.some((note) => note.message === message)) this.#notes.push({ message, hint: "drop the certificate of another signer, or ask this one to sign with another key" });
    }
  }

  /** A list counts if a named signer has signed it; else its signatures are noted. */
  #count(list: SignedList | undefined, names: ListNames, compare: (archive: OpenArchive, manifest: Manifest) => Comparison): Counted | undefined {
    if (list === undefined) return undefined;
    if (!list.verdicts.some(({ standing }) => standing.state === "holds")) {
      this.#unknown.push(...list.verdicts);
      return undefined;
    }
    let manifest: Manifest;
    try {
      manifest = readManifest(list.octets);
    } catch (error) {
      if (error instanceof Fault) throw new Fault("altered", `${names.list} ${error.message}`);
      throw error;
    }
    const comparison = compare(this.#archive, manifest);
    for (const { name, fault } of comparison.faults) this.#failMember(name, fault, ASK_SIGNER);
    if (comparison.fault !== undefined) this.fail(comparison.fault, ASK_SIGNER);
    for (const [place, expected] of comparison.expected) {
      this.#expected.set(place, { ...this.#expected.get(place), ...expected });
    }
    return { manifest, verdicts: list.verdicts, comparison };
  }

  /** Reads each entry to its end. */
  async entries(onProgress: (progress: Progress) => void, signal: AbortSignal): Promise<void> {
    const archive = this.#archive;
    const inFileOrder = archive.entries.map((entry, place) => ({ entry, place })).sort((a, b) => a.entry.offset - b.entry.offset);
    const total = archive.entries.reduce((sum, { storedSize }) => sum + storedSize, 0);
    let done = 0;
    for (const { entry, place } of inFileOrder) {
      signal.throwIfAborted();
      const name = withoutEnding(decodeLossily(entry.stored));
      try {
        const octets = await readContent(this.#source, entry, (octets) => {
          signal.throwIfAborted();
          done += octets;
          onProgress({ done, total });
        });
        this.#bytes += octets.length;
        await this.#entry(octets, place, name);
      } catch (error) {
        this.take(error, (message, hint) => this.#failMember(name, message, hint ?? "get it again from its source; don't trust this one"));
      }
    }
  }

  async #entry(octets: Bytes, place: number, name: string): Promise<void> {
    const expected = this.#expected.get(place);
    const fault = expected && faultOf(await found(octets), expected);
    if (fault !== undefined) this.#failMember(name, fault, ASK_SIGNER);
    // The lists and their signatures are for nobody to open.
    if (!SIGNATURE_ENTRIES.has(decodeLossily(this.#archive.entries[place]!.stored))) this.#refuseRecipient(octets, name);
  }

  /** A key that opens must not sign: else a server would hold a key that opens. */
  #refuseRecipient(octets: Bytes, name: string): void {
    const verdicts = [...(this.#manifest?.verdicts ?? []), ...(this.#origin?.verdicts ?? [])];
    const holding = verdicts.flatMap(({ standing }) => (standing.state === "holds" ? [standing.certificate] : []));
    if (holding.length === 0) return;
    const recipients = recipientsIn(octets);
    if (recipients === "unknown") {
      this.#unchecked++;
      this.#failMember(
        name,
        "this page can't read who its recipients are, so it can't tell whether a signer opens it",
        "check the archive with `callseal verify`",
      );
      return;
    }
    for (const certificate of holding) {
      if (recipients.some((isKeyOf) => isKeyOf(certificate))) {
        this.fail(
          `its signer ${quoted(certificate.label)} can open “${name}”, and a key that opens must not sign`,
          "ask the signer to sign with another key than the one that opens; `callseal keygen --sign` makes one",
        );
      }
    }
  }

  async verdict(signal: AbortSignal): Promise<Verdict> {
    const archive = this.#archive;
    // From here on it takes effect.
    signal.throwIfAborted();
    if (this.#faults === 0 && this.#hasEvidence) {
      for (const place of archive.required.accept(this.#expected)) {
        this.#failMember(archive.paths.of(place), "it wasn't what was signed when it was opened here before", "don't trust what was shown; get the archive again from whoever signed it");
      }
    }
    const count = archive.entries.length;
    const size = `${count === 1 ? "1 entry" : `${count} entries`}, ${bytes(this.#bytes)}`;
    if (this.#faults > 0) {
      // Without a signer's certificate, only what is damaged fails, and each member says so itself.
      if (this.#signers.length > 0 && this.#faults > this.#unchecked) archive.required.refuse();
      const faults = this.#faults === 1 ? "1 fault" : `${this.#faults} faults`;
      return { state: "not verified", summary: `${archive.name}: NOT VERIFIED (${faults}; ${size})`, problems: [...this.#listed(), ...this.#notes], withdrawn: archive.withdrawn };
    }
    const evidence = this.#evidence();
    if (evidence.length > 0) {
      const others = this.#unknownOfAll();
      const passedOver = others.length > 0 ? [`passed over signatures by others: ${others.join(", ")}`] : [];
      return { state: "signed", summary: `${archive.name}: ${[`sound (${size})`, ...evidence, ...passedOver].join("; ")}`, problems: this.#notes, withdrawn: archive.withdrawn };
    }
    const claims = await this.#claims();
    const why = this.#others.length === 0 ? "no signer's certificate is here" : this.#others.map(notForSignatures).join("; ");
    const claimed = claims === undefined ? "not signed" : `${claims}, not checked: ${why}`;
    return { state: claims === undefined ? "unsigned" : "claims", summary: `${archive.name}: sound (${size}); ${claimed}`, problems: [], withdrawn: archive.withdrawn };
  }

  #listed(): Problem[] {
    const more = this.#faults - this.#problems.length;
    if (more === 0) return this.#problems;
    return [...this.#problems, { message: `${this.#archive.name}: ${more} more ${more === 1 ? "fault" : "faults"}`, hint: "`callseal verify` lists them all" }];
  }

  get #hasEvidence(): boolean {
    return this.#manifest !== undefined || this.#origin !== undefined;
  }

  #evidence(): string[] {
    const lines: string[] = [];
    if (this.#manifest !== undefined) lines.push(`signed by ${signersLine(this.#manifest.verdicts)}`);
    if (this.#origin !== undefined) {
      const { missing } = this.#origin.comparison;
      const lost = missing === 0 ? "" : missing === 1 ? ", but 1 entry that they signed is not in it" : `, but ${missing} entries that they signed are not in it`;
      const other = this.#unknown.length === 0 ? "the archive itself is not signed; " : "the archive itself is not signed by a signer that you named; ";
      const itself = this.#manifest === undefined ? other : "";
      lines.push(`${itself}what is sealed in its members was signed by ${signersLine(this.#origin.verdicts)}${lost}`);
    } else if (this.#manifest !== undefined && this.#hasOrigin) {
      lines.push("its origin is not signed by a signer that you named, and says nothing");
    }
    return lines;
  }

  #unknownOfAll(): string[] {
    const all = [...(this.#manifest?.verdicts ?? []), ...(this.#origin?.verdicts ?? []), ...this.#unknown];
    return [...new Set(all.filter(({ standing }) => standing.state === "unknown").map(({ signer }) => quoted(signer)))];
  }

  async #claims(): Promise<string | undefined> {
    const parts: string[] = [];
    for (const [names, what] of [
      [LISTS.manifest, "claims to be signed by"],
      [LISTS.origin, "claims that what is sealed in it was signed by"],
    ] as const) {
      const claims = await claimsOf(this.#archive, names);
      const signers = claims.map(({ signer, time }) => `${quoted(signer)}${time === undefined ? "" : ` on ${timestamp(time)}`}`);
      if (signers.length > 0) parts.push(`${what} ${signers.join(" and ")}`);
    }
    if (parts.length > 0) return parts.join(", ");
    const hasList = Object.values(LISTS).some(({ list, cms, openpgp }) => [list, cms, openpgp].some((name) => this.#archive.place(name) !== undefined));
    return hasList ? "has a manifest without a signature that can be read" : undefined;
  }
}

const notForSignatures = (certificate: Certificate) => `the certificate ${quoted(certificate.label)} is not for signatures: ${unfitForSignatures(certificate)}`;

function signersLine(verdicts: readonly SignatureVerdict[]): string {
  return verdicts
    .filter(({ standing }) => standing.state === "holds")
    .map(({ signer, claimed }) => `${quoted(signer)}${claimed === undefined ? "" : ` on ${timestamp(claimed)}`}`)
    .join(" and ");
}

function namesOf(verdicts: readonly SignatureVerdict[]): string {
  const names = [...new Set(verdicts.map(({ signer }) => quoted(signer)))];
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : "";
  return names.slice(0, MOST_NAMES).join(", ") + more;
}

function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  let value = count;
  let unit = "B";
  for (const next of ["KiB", "MiB", "GiB", "TiB", "PiB"]) {
    if (value < 1023.5) break;
    value /= 1024;
    unit = next;
  }
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
}
