// The pane beside the list: the member that is selected, and its content once it's opened.
import { wakeAudio } from "../audio/browser.ts";
import { decodeCompressed } from "../audio/compressed.ts";
import { UnplayableError, type PcmSource } from "../audio/pcm.ts";
import { audioSource } from "../audio/source.ts";
import { brief } from "../text/brief.ts";
import { shown } from "../text/escapes.ts";
import { VaultError, type Content, type Hit, type Problem } from "../vault/protocol.ts";
import { cutName, END_OF_DIRECTORY } from "./cut.ts";
import { Details } from "./details.ts";
import { button, fill, h, type Child } from "./dom.ts";
import { formatSize } from "./format.ts";
import { icon } from "./icons.ts";
import { problemView, type StatusLine } from "./messages.ts";
import { Player } from "./player.ts";
import { progressView } from "./progress.ts";
import { isSameMember, nameParts, type ArchiveEntry, type Row } from "./rows.ts";
import { save } from "./save.ts";
import { isCancelled, problemOf, type Session } from "./session.ts";
import { directoryOf, Siblings, type SiblingEvents } from "./siblings.ts";
import { TextView, textView } from "./textview.ts";
import type { Viewer } from "./viewer.ts";
import { KINDS } from "./words.ts";

/** It doesn't say the name, which may have to be forgotten. */
const UNSAVED: Problem = { message: "the file wasn't saved: its content was closed first", hint: "open the member again, and save it" };
/** What messages about saving have in common. */
const SAVING = "saving";

export interface ContentEvents extends SiblingEvents {
  /** Gives the focus back to the list. */
  onclose(): void;
}

export class ContentPane {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #status: StatusLine;
  readonly #onclose: () => void;
  readonly #siblings: Siblings;
  readonly #header: HTMLElement;
  readonly #file = h("h2", { tabindex: -1 });
  readonly #directory = h("p", { class: "dim" });
  readonly #saveButton = button("Save", () => void this.#save(), { hidden: true }, icon("save"), "Save …");
  readonly #banner = h("div", {});
  readonly #body = h("div", { class: "body" });
  readonly #details: Details;
  readonly #about: HTMLDetailsElement;
  readonly #placeholder = h("div", { class: "placeholder" });
  #row: Row | undefined;
  #content: Content | undefined;
  #viewer: Viewer | undefined;
  #opening = new AbortController();
  /** The error that is shown is that no key opens the member. */
  #lacksKey = false;

  constructor(session: Session, status: StatusLine, events: ContentEvents) {
    this.#session = session;
    this.#status = status;
    this.#onclose = events.onclose;
    this.#siblings = new Siblings({
      onopen: (sibling) => {
        const row = session.current(sibling);
        if (!row) return;
        events.onopen(row);
        // The button is gone; what was opened is read out instead.
        this.#file.focus();
      },
      onshowall: events.onshowall,
    });
    // It's made once, so that none of it loses the focus.
    this.#header = h(
      "header",
      {},
      this.#file,
      this.#directory,
      this.#saveButton,
      button("Close", () => this.#close(), { "aria-label": "Close the member", title: "Close the member" }, icon("close")),
    );
    this.#details = new Details(session);
    this.#about = h("details", { class: "about", open: true }, h("summary", {}, "About this member"), this.#details.element);
    this.element = h(
      "section",
      { class: "content", "aria-label": "Content" },
      this.#placeholder,
      this.#header,
      this.#siblings.element,
      this.#banner,
      this.#body,
      this.#about,
    );
    session.changes.add((change) => {
      if (change.what === "forgotten") this.#clear();
      if (change.what === "withdrawn") this.#withdraw(change.entry);
      if (change.what === "row" && isSameMember(change.row, this.#row)) this.#follow(change.row);
      // A name that was hidden has become known: that of this member, or of another one.
      if (change.what === "row" && change.row.entry === this.#row?.entry && change.row.member.nameIsHidden) this.#siblings.show(this.#row);
      if (change.what === "rows") {
        this.#follow(this.#row && session.current(this.#row));
        this.#siblings.show(this.#row);
      }
      if (change.what === "keys") {
        this.#showPlaceholder();
        this.#details.askAgain();
        // The key that came may be the one that was missing.
        if (this.#lacksKey) this.#offerOpen();
      }
    });
    this.#clear();
  }

  get isPlaying(): boolean {
    return this.#viewer?.isPlaying ?? false;
  }

  /** Says whether the key meant what is shown. */
  key(event: KeyboardEvent): boolean {
    if (event.key === "s" && (event.ctrlKey || event.metaKey)) {
      // Never the browser's own: it would write the page with all that it shows.
      if (this.#content) void this.#save();
      return true;
    }
    return this.#viewer?.key(event) ?? false;
  }

  /** Shows what is known of a member. One that is playing goes on until another one is opened. */
  select(row: Row): void {
    if (isSameMember(row, this.#row)) return;
    if (this.#viewer) return;
    this.#clear();
    this.#show(row);
  }

  async open(row: Row, hit?: Hit): Promise<void> {
    if (row.entry.state.kind !== "open") return;
    if (this.#content && isSameMember(row, this.#row)) {
      this.#again(hit);
      return;
    }
    if (this.#content || !isSameMember(row, this.#row)) {
      this.#clear();
      this.#show(row);
    }
    this.#opening.abort();
    const opening = (this.#opening = new AbortController());
    fill(this.#body);
    const progress = progressView("Opening", () => opening.abort());
    // What opens at once shows no bar.
    const timer = setTimeout(() => this.#body.append(progress.element), 150);
    try {
      const { id } = row.entry.state.archive;
      const answer = this.#session.vault.openMember(id, row.member.number, progress.update, opening.signal);
      if (row.kind === "audio") wakeAudio();
      const content = await answer;
      clearTimeout(timer);
      await this.#present(row, content, hit, opening.signal);
    } catch (error) {
      // Another member was chosen, or the key was forgotten.
      if (this.#opening !== opening) return;
      fill(this.#body);
      if (isCancelled(error)) this.#offerOpen();
      else this.#fail(row, error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Called with the row of the member that is shown, as it's known now. */
  #follow(row: Row | undefined): void {
    if (!this.#row) return;
    // With another name, it has to be opened again.
    if (!row || (this.#content && row.authenticity === "unopened")) this.#clear();
    if (row) this.#show(row);
  }

  /** One that is being opened may have been read before it was known. */
  #withdraw(entry: ArchiveEntry): void {
    const row = this.#row;
    if (row?.entry !== entry || !entry.withdrawn.has(row.member.number)) return;
    this.#clear();
    this.#show(row);
  }

  #again(hit: Hit | undefined): void {
    if (this.#viewer instanceof Player) this.#viewer.play();
    if (this.#viewer instanceof TextView && hit) this.#viewer.showHit(hit);
  }

  #show(row: Row): void {
    const isNew = !isSameMember(row, this.#row);
    this.#row = row;
    this.#showName(row.name);
    this.#saveButton.hidden = this.#content === undefined;
    this.#header.hidden = this.#about.hidden = false;
    this.#placeholder.hidden = true;
    this.#details.show(row, this.#content?.sealedTime);
    if (!isNew) return;
    this.#siblings.show(row);
    this.#offerOpen();
  }

  #showName(name: string): void {
    const directory = directoryOf(name);
    this.#file.textContent = brief(nameParts(name).file);
    this.#file.title = brief(name);
    fill(this.#directory, directory !== "" && cutName(directory, "directory", END_OF_DIRECTORY));
    this.#directory.title = brief(directory);
  }

  #offerOpen(): void {
    this.#lacksKey = false;
    const row = this.#row;
    if (!row) return;
    const word = row.kind === "audio" ? "Play" : "Open";
    fill(this.#body, h("p", {}, button(word, () => void this.open(row), { class: "primary" }, icon(row.kind === "audio" ? "play" : "open"), word)));
  }

  async #present(row: Row, content: Content, hit: Hit | undefined, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    // It can be saved while it's decoded.
    this.#content = content;
    if (content.authenticity === "not authenticated") {
      fill(this.#banner, problemView({ message: "this content may have been altered on its way: its encryption can't show it", hint: "ask the sender for OpenPGP, or for CMS with AES-GCM" }, "warning"));
    }
    const current = this.#session.current(row);
    const name = shown(content.name);
    if (current) this.#session.learned(current, { authenticity: content.authenticity, access: "yes", kind: content.kind, name, searchedName: name.toLowerCase() });
    let view: Viewer | HTMLElement;
    try {
      view = await this.#viewOf(content, signal);
      if (signal.aborted && !(view instanceof Node)) view.close();
      signal.throwIfAborted();
    } catch (error) {
      if (this.#content === content) this.#forgetContent(row);
      throw error;
    }
    if (view instanceof Node) {
      fill(this.#body, view);
    } else {
      this.#viewer = view;
      fill(this.#body, view.element);
      this.element.classList.toggle("fills", view.fillsHeight);
      this.#about.open = !view.fillsHeight;
    }
    this.#status.say(`${nameParts(name).file} is open`);
    this.#again(hit);
  }

  /** Cancelled while it was decoded, it's as if it hadn't been opened. */
  #forgetContent(row: Row): void {
    this.#content = undefined;
    fill(this.#banner);
    this.#show(this.#session.current(row) ?? row);
  }

  async #viewOf({ bytes, kind, name }: Content, signal: AbortSignal): Promise<Viewer | HTMLElement> {
    if (bytes.length === 0) {
      const what = kind === "audio" ? "recording" : kind === "other" ? "file" : "text";
      return h("p", { class: "dim" }, `The ${what} is empty (0 bytes).`);
    }
    switch (kind) {
      case "audio":
        try {
          return new Player(await audioSource(bytes, name, (bytes) => this.#decode(bytes, signal)), (text) => this.#status.say(text));
        } catch (error) {
          if (!(error instanceof UnplayableError)) throw error;
          return problemView({ message: `${name} can't be played: ${error.message}`, hint: "save it, and play it with another program" });
        }
      case "json":
      case "xml":
      case "text":
        return textView(bytes, kind) ?? problemView({ message: `${name} is too long to be shown`, hint: "save it, and read it with another program" });
      case "other":
        return h("p", { class: "dim" }, `${KINDS.other.word} content of ${formatSize(bytes.length)}, which this page doesn't show. It can be saved.`);
    }
  }

  async #decode(bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<PcmSource> {
    const progress = progressView("Decoding", () => this.#opening.abort());
    const timer = setTimeout(() => fill(this.#body, progress.element), 150);
    try {
      return await decodeCompressed(bytes, signal);
    } finally {
      clearTimeout(timer);
    }
  }

  #fail(row: Row, error: unknown): void {
    this.#lacksKey = error instanceof VaultError && error.failure === "no key";
    fill(this.#body, h("div", { role: "alert" }, problemView(problemOf(error))));
    this.#status.say(`${nameParts(row.name).file} isn't open`);
    const current = this.#session.current(row);
    if (!current || !(error instanceof VaultError)) return;
    if (error.failure === "refused") this.#session.learned(current, { authenticity: "refused" });
    if (error.failure === "no key") this.#session.learned(current, { access: "no" });
  }

  async #save(): Promise<void> {
    const row = this.#row;
    if (!row || !this.#content) return;
    this.#session.settle(SAVING);
    const saving = new AbortController();
    const { signal } = saving;
    // It goes on while another member is opened, and no longer than this one may be.
    const unlisten = this.#session.changes.add(() => {
      if (!this.#session.standing(row)) saving.abort();
    });
    try {
      const isSaved = await save(this.#content.bytes, this.#content.name, signal);
      if (isSaved && !signal.aborted) this.#status.say(`${nameParts(row.name).file} is saved`);
    } catch (error) {
      this.#session.report(signal.aborted ? UNSAVED : { message: `${row.name} can't be saved: ${problemOf(error).message}`, hint: undefined }, SAVING);
    } finally {
      unlisten();
    }
  }

  #close(): void {
    this.#clear();
    this.#onclose();
  }

  #clear(): void {
    this.#opening.abort();
    this.#opening = new AbortController();
    this.#viewer?.close();
    this.#viewer = undefined;
    this.#content = undefined;
    this.#row = undefined;
    this.#details.clear();
    this.#siblings.show(undefined);
    this.element.classList.remove("fills");
    this.#about.open = true;
    this.#header.hidden = this.#about.hidden = true;
    this.#showName("");
    fill(this.#banner);
    fill(this.#body);
    this.#showPlaceholder();
  }

  #showPlaceholder(): void {
    this.#placeholder.hidden = this.#row !== undefined;
    const advice: Child[] =
      this.#session.keys.length === 0
        ? [icon("key"), h("p", {}, "Drop your key into the page, or choose it with “Open files”."), h("p", { class: "dim" }, "It stays in the memory of this page.")]
        : [icon("audio"), h("p", {}, "Choose a member to hear or read it."), h("p", { class: "dim" }, "? shows the keys that work here.")];
    fill(this.#placeholder, ...advice);
  }
}
