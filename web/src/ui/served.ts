// The archives of the page's own server. One that was closed can be opened again.
import { shown } from "../text/escapes.ts";
import { button, fill, h } from "./dom.ts";
import { servedArchives, type Served } from "./origin.ts";
import { problemOf, type Session } from "./session.ts";

export class ServedList {
  /** Those that aren't open. */
  readonly element = h("div", { class: "served", role: "group", "aria-label": "Archives of this server" });
  readonly #session: Session;
  #served: readonly Served[] = [];

  constructor(session: Session) {
    this.#session = session;
    session.changes.add(({ what }) => {
      if (what === "archives") this.#show();
    });
    this.#show();
  }

  async openAll(): Promise<void> {
    const list = new URL("archives.json", document.baseURI);
    try {
      const response = await fetch(list, { cache: "no-store", credentials: "same-origin" });
      if (!response.ok) throw new Error(`the server answers ${response.status}`);
      this.#served = servedArchives(await response.json(), list.href);
      await Promise.all(this.#served.map((served) => this.#open(served)));
    } catch (error) {
      this.#session.report({ message: `the list of archives can't be read: ${problemOf(error).message}`, hint: "load the page again; archives can be dropped, too" });
    }
  }

  #open({ name, url }: Served): Promise<void> {
    return this.#session.addArchive({ kind: "address", url }, name);
  }

  #show(): void {
    const isOpen = ({ url }: Served) => this.#session.archives.some(({ source }) => source.kind === "address" && source.url === url);
    const closed = this.#served.filter((served) => !isOpen(served));
    this.element.hidden = closed.length === 0;
    fill(this.element, ...closed.map((served) => button(`Open ${shown(served.name)} again`, () => void this.#open(served))));
  }
}
