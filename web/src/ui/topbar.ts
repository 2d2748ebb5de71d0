// The bar at the top: what is open, which keys are here, and how to forget them.
import { shown } from "../text/escapes.ts";
import { button, fill, h, pictureButton, type Child } from "./dom.ts";
import { showHelp } from "./dialogs.ts";
import { fileButton, type TakeFiles } from "./drop.ts";
import { counted } from "./format.ts";
import { icon } from "./icons.ts";
import type { LockedKey, Session } from "./session.ts";

export interface TopbarEvents {
  readonly take: TakeFiles;
  unlock(key: LockedKey): void;
  showArchives(): void;
}

export class Topbar {
  readonly element: HTMLElement;
  readonly #archives = h("span", { class: "chips" });
  readonly #keys = h("span", { class: "chips" });
  readonly #session: Session;
  readonly #events: TopbarEvents;

  constructor(session: Session, events: TopbarEvents) {
    this.#session = session;
    this.#events = events;
    this.element = h(
      "header",
      { class: "top" },
      h("h1", {}, icon("lock"), "callseal player"),
      this.#archives,
      this.#keys,
      h("span", { class: "gap" }),
      fileButton(events.take, "Open files …"),
      pictureButton("Help", icon("help"), showHelp),
    );
    session.changes.add(({ what }) => {
      if (what === "archives" || what === "keys") this.#show();
    });
    this.#show();
  }

  #show(): void {
    const { archives, keys, locked, grants, certificates } = this.#session;
    const [only] = archives;
    const name = archives.length === 1 && only ? shown(only.name) : counted(archives.length, "archive");
    fill(
      this.#archives,
      archives.length > 0 &&
        button(name, () => this.#events.showArchives(), { class: "chip", title: "Show the archives and keys" }, icon("archive"), h("span", { class: "name" }, name)),
    );
    const chips: Child[] = [
      ...keys.map(({ label, algorithm, fingerprint }) =>
        h("span", { class: "chip key", title: shown(`${algorithm} ${fingerprint}`) }, icon("key"), h("span", { class: "name" }, shown(label))),
      ),
      ...locked.map((key) =>
        button("Unlock", () => this.#events.unlock(key), { class: "chip", title: "Unlock this key" }, icon("lock"), h("span", { class: "name" }, shown(key.label)), "Unlock …"),
      ),
      grants.length > 0 && h("span", { class: "chip" }, icon("open"), counted(grants.length, "grant")),
      certificates.length > 0 && h("span", { class: "chip" }, icon("person"), counted(certificates.length, "certificate")),
      this.#session.hasSecrets && button(keys.length + locked.length > 1 ? "Forget keys" : "Forget key", () => this.#session.forget("asked"), { class: "forget" }),
    ];
    fill(this.#keys, ...chips);
  }
}
