// A vault without cryptography, for tests of the page. Its archives hold what pages fear.
import { VaultError, type Added, type Archive, type ArchiveSource, type Authenticity, type Content, type Hit, type Member, type MemberKind, type SearchProgress, type SearchQuery } from "../../src/vault/protocol.ts";
import type { VaultCore } from "../../src/vault/wire.ts";
import { interleaved, muLaw, pcm16, speech, wav } from "./recordings.ts";

interface FakeFile {
  readonly name: string;
  readonly kind: MemberKind;
  readonly authenticity?: Authenticity;
  make(): Uint8Array<ArrayBuffer>;
}

const text = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(value) as Uint8Array<ArrayBuffer>;

const TRANSCRIPT = {
  callId: 1,
  language: "en-GB",
  participants: [{ role: "agent", name: "A. Example" }, { role: "caller", name: "<img src=x onerror=alert(1)>" }],
  segments: Array.from({ length: 40 }, (_, i) => ({
    start: i * 4.25,
    speaker: i % 2 ? "caller" : "agent",
    text: i % 7 === 3 ? "I would like to change the delivery address of my order, because the parcel was sent to the flat where I lived before." : `Sentence ${i} of this call.`,
    confidence: 0.93,
    final: true,
  })),
};

const JSON_TEXT = JSON.stringify(TRANSCRIPT).replace(/"callId":\d+/, '"callId":18014398509481985.10');

const FILES: readonly FakeFile[] = [
  { name: "recordings/2026/11/30/agent-17/call-000123.wav", kind: "audio", make: () => wav({ tag: 7, bits: 8, channels: 1, rate: 8000, data: muLaw(speech(95, 8000, 140)) }) },
  { name: "recordings/2026/11/30/agent-17/call-000124-stereo.wav", kind: "audio", make: () => wav({ tag: 1, bits: 16, channels: 2, rate: 8000, data: pcm16(interleaved(speech(62, 8000, 120), speech(62, 8000, 210, 4))) }) },
  { name: "recordings/2026/11/30/agent-17/call-000125-gsm.wav", kind: "audio", make: () => wav({ tag: 0x31, bits: 0, channels: 1, rate: 8000, data: new Uint8Array(650) }) },
  { name: "recordings/large.wav", kind: "audio", make: () => largeRecording() },
  { name: "recordings/lying-header.wav", kind: "audio", make: () => wav({ tag: 1, bits: 16, channels: 65535, rate: 0, data: new Uint8Array(100) }) },
  { name: "transcripts/2026/11/30/call-000123.json", kind: "json", make: () => text(JSON_TEXT) },
  { name: "transcripts/2026/11/30/call-000123.xml", kind: "xml", make: () => text(`<?xml version="1.0"?><call id="123" xmlns:x="urn:x"><!~~ two speakers ~~><agent>Good morning.</agent><caller mood="<angry>">Where's my parcel &amp; my refund?</caller><note><![CDATA[<b>not bold</b>]]></note></call>`.replaceAll("~", "-")) },
  { name: "transcripts/2026/11/30/call-000124.txt", kind: "text", make: () => text(Array.from({ length: 300 }, (_, i) => `${i % 2 ? "Caller" : "Agent"}: line ${i + 1}, where the parcel is ${i % 3 ? "late" : "here"}.`).join("\n")) },
  { name: "transcripts/broken.json", kind: "json", make: () => text('{"a": 1, "a": 2, <script>alert(1)</script>}') },
  { name: "transcripts/huge.json", kind: "json", make: () => text(`[${Array.from({ length: 200_000 }, (_, i) => `{"n":${i},"text":"parcel ${i}"}`).join(",")}]`) },
  { name: "legacy/cbc-note.txt", kind: "text", authenticity: "not authenticated", make: () => text("This note came by CMS with AES-CBC.") },
  { name: "legacy/altered.txt", kind: "text", authenticity: "refused", make: () => text("") },
  { name: "legacy/unreadable.txt", kind: "text", make: () => text("") },
  { name: "legacy/empty.wav", kind: "audio", make: () => text("") },
  { name: "legacy/empty.txt", kind: "text", make: () => text("") },
  { name: "hostile/<img src=x onerror=alert(document.domain)>.txt", kind: "text", make: () => text("<img src=x onerror=alert(2)>\n\u202Egnp.exe\u0007\u0000 \u2066x") },
  { name: "hostile/report\u202Evaw.exe", kind: "other", make: () => text("MZ") },
  { name: `hostile/${"deep/".repeat(40)}a-file-with-a-rather-long-name-that-must-be-cut-somewhere-${"x".repeat(200)}.txt`, kind: "text", make: () => text("x") },
];

/** Half of the memory that a page test with a real vault takes, with sound at its start and its end alone. */
function largeRecording(): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(64 * 1024 * 1024).fill(0xff);
  const voice = muLaw(speech(60, 8000, 150));
  data.set(voice, 0);
  data.set(voice, data.length - voice.length);
  return wav({ tag: 7, bits: 8, channels: 1, rate: 8000, data });
}

const UNREADABLE = { message: "legacy/unreadable.txt: it can't be fetched: the server doesn't answer", hint: "check the address" };

const MANY = 100_000;
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

interface FakeArchive {
  readonly archive: Archive;
  readonly isBig: boolean;
}

export class FakeCore implements VaultCore {
  readonly #archives = new Map<number, FakeArchive>();
  #hasKey = false;
  #next = 1;

  async addKeys(fileName: string, bytes: Uint8Array<ArrayBuffer>): Promise<readonly Added[]> {
    const content = new TextDecoder().decode(bytes);
    if (content.startsWith("locked")) return [{ kind: "locked", label: "Night Desk <night@example.com>", ticket: this.#next++ }];
    if (content.startsWith("certificate")) {
      return [{ kind: "certificate", label: "Recorder 4 <recorder@example.com>", algorithm: "Ed25519", fingerprint: "0123456789ABCDEF0123456789ABCDEF01234567" }];
    }
    if (content.startsWith("stranger")) return [{ kind: "key", label: fileName, algorithm: "RSA 3072", fingerprint: "0".repeat(40) }];
    if (!content.startsWith("key")) throw new VaultError({ message: `${fileName}: it holds no key`, hint: "give a key in PEM or DER" });
    return [this.#key()];
  }

  async unlock(_ticket: number, passphrase: string): Promise<readonly Added[]> {
    await pause(50);
    if (passphrase !== "right") throw new VaultError({ message: "Night Desk <night@example.com>: the passphrase is wrong", hint: "type it again" });
    return [this.#key()];
  }

  async openArchive(_source: ArchiveSource, name: string, _signal: AbortSignal): Promise<Archive> {
    if (name.includes("damaged")) throw new VaultError({ message: `${name}: it is no ZIP archive: its end is missing`, hint: "copy it again" });
    const id = this.#next++;
    const isBig = name.includes("big");
    const archive: Archive = {
      id,
      name,
      size: isBig ? 84 * 1024 ** 3 : 123_456_789,
      members: this.#members(isBig),
      index: this.#hasKey ? "opened" : "closed",
      granted: 0,
      grants: [],
      recipients: [
        { id: "77A0C6F1D2B34E5F60718293A4B5C6D7E8F90123", label: this.#hasKey ? "Night Desk <night@example.com>" : undefined, isYours: this.#hasKey },
        { id: "CN=Records CA, O=Example; 0x1f3a", label: undefined, isYours: false },
      ],
      claimsToBeSignedBy: isBig ? [] : ["Recorder 4 <recorder@example.com>"],
      problems: isBig ? [] : [{ message: `${name}: legacy/removed.txt: the index lists it, and it isn't in the archive`, hint: "ask the sender for it" }],
    };
    this.#archives.set(id, { archive, isBig });
    return archive;
  }

  async closeArchive(archive: number): Promise<void> {
    this.#archives.delete(archive);
  }

  async unlockArchive(id: number): Promise<Archive> {
    const { archive, isBig } = this.#archive(id);
    const unlocked: Archive = { ...archive, members: this.#members(isBig), index: this.#hasKey ? "opened" : "closed", recipients: archive.recipients.map((one, i) => ({ ...one, isYours: i === 0 && this.#hasKey })) };
    this.#archives.set(id, { archive: unlocked, isBig });
    return unlocked;
  }

  async recipients(id: number, member: number) {
    await pause(20);
    if (FILES[member]?.name.includes("unreadable")) throw new VaultError(UNREADABLE);
    return member % 5 === 4 ? this.#archive(id).archive.recipients.slice(1) : this.#archive(id).archive.recipients;
  }

  async openMember(id: number, member: number, progress: (p: { done: number; total: number }) => void, signal: AbortSignal): Promise<Content> {
    const { isBig } = this.#archive(id);
    const file = FILES[isBig ? member % 3 === 0 ? 0 : 5 : member];
    if (!file) throw new VaultError({ message: "there is no such member", hint: undefined });
    if (!this.#hasKey) throw new VaultError({ message: `${file.name}: it is sealed, and no private key is here`, hint: "drop your private key into the page" }, "no key");
    if (file.name.includes("unreadable")) throw new VaultError(UNREADABLE);
    if (file.authenticity === "refused") throw new VaultError({ message: `${file.name}: it was altered`, hint: "ask the sender for it again" }, "refused");
    if (file.name.includes("gsm")) {
      for (let done = 0; done < 10; done++) {
        progress({ done: done * 1024 * 1024, total: 10 * 1024 * 1024 });
        await pause(40);
        signal.throwIfAborted();
      }
    }
    return {
      name: file.name,
      bytes: file.make(),
      authenticity: file.authenticity === "not authenticated" ? "not authenticated" : "authentic",
      sealedTime: Date.UTC(2026, 10, 30, 8, 15, 22),
      kind: file.kind,
    };
  }

  async search(query: SearchQuery, _archive: number | undefined, progress: (p: SearchProgress) => void, signal: AbortSignal): Promise<void> {
    let pattern: RegExp;
    try {
      pattern = new RegExp(query.regularExpression ? query.text : query.text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), query.ignoreCase ? "gi" : "g");
    } catch {
      throw new VaultError({ message: `${query.text}: not a regular expression (it has no end)`, hint: "search for it as a plain text" });
    }
    for (const [archive, { archive: { members } }] of this.#archives) {
      for (const [member, file] of FILES.entries()) {
        if (!members[member]) continue;
        const hits: Hit[] = [];
        if (["json", "xml", "text"].includes(file.kind)) {
          for (const [i, line] of new TextDecoder().decode(file.make()).split("\n").entries()) {
            for (const match of line.matchAll(pattern)) {
              const from = Math.max(0, match.index - 60);
              hits.push({ isUnauthenticated: false, archive, member, line: i + 1, text: line.slice(from, match.index + 120), start: match.index - from, end: match.index - from + match[0].length });
              if (hits.length > 12_000) break;
            }
          }
        }
        const failed = file.authenticity === "refused" ? [{ archive, member, problem: { message: `${file.name}: it was altered`, hint: "get it again from its source; don't trust this one" } }] : [];
        progress({ cut: 0, leftOut: 0, searched: member + 1, total: FILES.length, hits, failed });
        await pause(query.text === "slow" ? 200 : 5);
        signal.throwIfAborted();
      }
    }
  }

  async verify(id: number, progress: (p: { done: number; total: number }) => void, signal: AbortSignal) {
    const { size } = this.#archive(id).archive;
    for (let done = 0; done <= 10; done++) {
      progress({ done: (done * size) / 10, total: size });
      await pause(30);
      signal.throwIfAborted();
    }
    const { archive } = this.#archive(id);
    if (archive.name.includes("forged")) {
      return {
        state: "not verified" as const,
        summary: `${archive.name}: NOT VERIFIED (1 fault)`,
        problems: [{ message: `${archive.name}: legacy/cbc-note.txt: it was altered after the archive was signed`, hint: "don't trust it" }],
        withdrawn: [...archive.members.keys()],
      };
    }
    return {
      state: "claims" as const,
      summary: "claims to be signed by Recorder 4 <recorder@example.com>; no certificate here shows it",
      problems: [{ message: "the signer's certificate is missing", hint: "add the certificate of the signer" }],
      withdrawn: [],
    };
  }

  #archive(id: number): FakeArchive {
    const archive = this.#archives.get(id);
    if (!archive) throw new VaultError({ message: "the archive is closed", hint: undefined });
    return archive;
  }

  #key(): Added {
    this.#hasKey = true;
    return { kind: "key", label: "Night Desk <night@example.com>", algorithm: "RSA 3072", fingerprint: "77A0C6F1D2B34E5F60718293A4B5C6D7E8F90123" };
  }

  #members(isBig: boolean): Member[] {
    const files = isBig
      ? Array.from({ length: MANY }, (_, i): Pick<FakeFile, "name" | "kind"> => ({
          name: `calls/2026/${String(1 + (i % 12)).padStart(2, "0")}/agent-${i % 97}/call-${String(i).padStart(6, "0")}.${i % 3 ? "json" : "wav"}`,
          kind: i % 3 ? "json" : "audio",
        }))
      : FILES;
    return files.map(({ name, kind }, number) => ({
      number,
      name: this.#hasKey ? name : String(number + 1).padStart(6, "0"),
      nameIsHidden: !this.#hasKey,
      kind: this.#hasKey ? kind : "other",
      sealedSize: 12_000 + ((number * 7919) % 5_000_000),
      size: this.#hasKey ? 11_000 + ((number * 7919) % 5_000_000) : undefined,
      modified: Date.UTC(2026, number % 12, 1 + (number % 28), number % 24, number % 60),
      access: this.#hasKey && number % 5 !== 4 ? "yes" : "unknown",
    }));
  }
}
