// The archives and the keys: who can open what, who signed it, and what is wrong with it.
import { shown } from "../text/escapes.ts";
import { quoted } from "../text/quoted.ts";
import type { Archive, Verdict } from "../vault/protocol.ts";
import { recipientsView } from "./details.ts";
import { button, fill, h, pictureButton, type Child } from "./dom.ts";
import { counted, formatSize } from "./format.ts";
import { stateOf } from "./grants.ts";
import { icon, type IconName } from "./icons.ts";
import { problemView } from "./messages.ts";
import { progressView } from "./progress.ts";
import type { ArchiveEntry } from "./rows.ts";
import { isCancelled, problemOf, type LockedKey, type Session } from "./session.ts";

const INDEX: Readonly<Record<Archive["index"], string>> = {
  none: "It has none.",
  closed: "There is one, and no key here opens it.",
  opened: "Your key opened it: names, sizes and session keys come from it.",
};

export class ArchivesPanel {
  readonly element = h("div", { class: "archives" });
  readonly #session: Session;
  readonly #unlock: (key: LockedKey) => void;
  /** The cards of archives that are being verified stay as they are. */
  readonly #cards = new Map<ArchiveEntry, ArchiveCard>();
  #entries: readonly ArchiveEntry[] | undefined;
  readonly #archives = h("div", {});
  readonly #keys = h("ul", { class: "recipients" });

  constructor(session: Session, unlock: (key: LockedKey) => void) {
    this.#session = session;
    this.#unlock = unlock;
    this.element.append(h("h2", {}, "Archives"), this.#archives, h("h2", {}, "Keys, grants and certificates"), this.#keys);
    session.changes.add(({ what }) => {
      if (what === "forgotten") for (const card of this.#cards.values()) card.cancel();
      if (what === "archives") this.#showArchives();
      // Grants say what they open in each archive.
      if (what === "keys" || what === "archives") this.#showKeys();
    });
    this.#showArchives();
    this.#showKeys();
  }

  #showArchives(): void {
    const entries = this.#session.archives;
    for (const [entry, card] of this.#cards) {
      if (entries.includes(entry)) continue;
      card.cancel();
      this.#cards.delete(entry);
    }
    for (const entry of entries) {
      const card = this.#cards.get(entry) ?? new ArchiveCard(this.#session, entry);
      this.#cards.set(entry, card);
      card.show();
    }
    if (entries === this.#entries) return;
    this.#entries = entries;
    const cards = entries.map((entry) => this.#cards.get(entry)?.element);
    fill(this.#archives, ...(cards.length > 0 ? cards : [h("p", { class: "dim" }, "None is open.")]));
  }

  #showKeys(): void {
    const { keys, locked, grants, certificates } = this.#session;
    const rows: Child[] = [
      ...keys.map(({ label, algorithm, fingerprint }) => keyRow("key", `${shown(label)} (key, ${shown(algorithm)})`, h("code", {}, shown(fingerprint)))),
      ...locked.map((key) => keyRow("lock", `${shown(key.label)} (locked key)`, button("Unlock …", () => this.#unlock(key)))),
      ...grants.map((grant) => keyRow("open", `${shown(grant.label)} (grant)`, h("span", { class: "dim" }, stateOf(grant, this.#session.archives)))),
      ...certificates.map(({ label, algorithm, fingerprint }) =>
        keyRow("person", `${shown(label)} (certificate, ${shown(algorithm)})`, h("code", {}, shown(fingerprint))),
      ),
    ];
    fill(this.#keys, ...(rows.length > 0 ? rows : [h("li", { class: "dim" }, "None is here.")]));
  }
}

function keyRow(picture: IconName, text: string, more: HTMLElement): HTMLElement {
  return h("li", {}, icon(picture), h("span", { class: "name" }, text), more);
}

class ArchiveCard {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #entry: ArchiveEntry;
  readonly #facts = h("div", {});
  readonly #verify = h("div", { class: "verify" });
  #shown: ArchiveEntry["state"] | undefined;
  #running = new AbortController();

  constructor(session: Session, entry: ArchiveEntry) {
    this.#session = session;
    this.#entry = entry;
    const name = shown(entry.name);
    const close = pictureButton(`Close ${name}`, icon("close"), () => void session.closeArchive(entry), { class: "plain" });
    this.element = h("article", { class: "card", "aria-label": name }, h("header", {}, icon("archive"), h("h3", { class: "name" }, name), close), this.#facts, this.#verify);
  }

  show(): void {
    const { state } = this.#entry;
    if (state === this.#shown) return;
    this.#shown = state;
    if (state.kind === "opening") fill(this.#facts, h("p", { class: "dim" }, "Opening …"));
    this.#showFacts();
    if (state.kind !== "open") fill(this.#verify);
    else if (this.#verify.childElementCount === 0) this.#offer();
  }

  cancel(): void {
    this.#running.abort();
    this.#running = new AbortController();
    fill(this.#verify);
  }

  /** What was found out about the signatures takes the place of what they claim. */
  #showFacts(): void {
    const { state, verdict } = this.#entry;
    if (state.kind === "open") fill(this.#facts, ...factsOf(state.archive, verdict));
  }

  #offer(): void {
    const word = this.#entry.verdict ? "Verify again" : "Verify";
    fill(this.#verify, button(word, () => void this.#run(), { title: "Checks the signatures and every entry; reads the whole archive" }));
  }

  async #run(): Promise<void> {
    const { state } = this.#entry;
    if (state.kind !== "open") return;
    const running = (this.#running = new AbortController());
    const progress = progressView("Verifying", () => running.abort());
    fill(this.#verify, progress.element);
    progress.element.querySelector("button")?.focus();
    try {
      const verdict = await this.#session.vault.verify(state.archive.id, progress.update, running.signal);
      if (this.#running !== running) return;
      this.#session.verified(this.#entry, verdict);
      this.#offer();
    } catch (error) {
      // The archive was closed, or the key was forgotten.
      if (this.#running !== running) return;
      if (!isCancelled(error)) this.#entry.verdict = undefined;
      this.#offer();
      if (!isCancelled(error)) this.#verify.prepend(problemView(problemOf(error)));
    }
    this.#showFacts();
    this.#verify.querySelector("button")?.focus();
  }
}

/** Only what a certificate here has signed gets a sign of approval. */
function verdictView({ state, summary, problems }: Verdict): HTMLElement {
  return h(
    "div",
    { class: `verdict ${state === "signed" ? "signed" : "open"}`, role: "status" },
    h("p", {}, icon(state === "signed" ? "check" : "warning"), " ", shown(summary)),
    ...problems.map((problem) => problemView(problem, state === "signed" ? "warning" : "error")),
  );
}

function factsOf(archive: Archive, verdict: Verdict | undefined): Child[] {
  const signers = archive.claimsToBeSignedBy;
  const facts: [string, Child][] = [
    ["Size", `${formatSize(archive.size)}, ${counted(archive.members.length, "member")}`],
    ["Index", INDEX[archive.index]],
    ["Grants", archive.granted === 0 ? undefined : `They open ${counted(archive.granted, "member")}.`],
    ["Who can open it", recipientsView(archive.recipients)],
    ["Signatures", verdict ? verdictView(verdict) : signers.length === 0 ? "It has none." : `It claims to be signed by ${signers.map((signer) => quoted(shown(signer))).join(", ")}. Verifying shows whether that holds.`],
  ];
  return [
    ...archive.problems.map((problem) => problemView(problem, "warning")),
    h("dl", { class: "details" }, ...facts.filter(([, value]) => value !== undefined).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
  ];
}
