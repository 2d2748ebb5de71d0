// Problems, in the manner of the program: an `error:` line, and a `hint:` with the remedy.
import { shown } from "../text/escapes.ts";
import type { Problem } from "../vault/protocol.ts";
import { h, pictureButton } from "./dom.ts";
import { icon } from "./icons.ts";

/** Names of files are in messages, too: they are as hostile there. */
export function problemView({ message, hint }: Problem, kind: "error" | "warning" = "error"): HTMLElement {
  return h(
    "div",
    { class: `problem ${kind}` },
    icon(kind === "error" ? "cross" : "warning"),
    h(
      "div",
      {},
      h("p", {}, h("b", {}, `${kind}: `), shown(message)),
      hint !== undefined && h("p", {}, h("b", {}, "hint: "), shown(hint)),
    ),
  );
}

/** The newest messages; older ones go. */
const MOST_SHOWN = 4;

/** The messages above the page. They stay until they are closed. */
export class Messages {
  readonly element = h("div", { class: "messages", role: "alert" });

  /** What is shown already isn't shown again. */
  show(problem: Problem): void {
    const view = problemView(problem);
    const same = [...this.element.children].find(({ textContent }) => textContent === view.textContent);
    same?.remove();
    this.#add(view);
  }

  /** Messages hold names, which may be ones that a key has shown. */
  clear(): void {
    this.element.replaceChildren();
  }

  note(text: string): void {
    this.#add(h("div", { class: "problem note" }, icon("key"), h("p", {}, text)));
  }

  #add(view: HTMLElement): void {
    const close = pictureButton("Close this message", icon("close"), () => view.remove(), { class: "plain" });
    view.append(close);
    this.element.append(view);
    while (this.element.childElementCount > MOST_SHOWN) this.element.firstElementChild?.remove();
  }
}

/** What a screen reader says without being asked, and what stands in the line at the bottom. */
export class StatusLine {
  readonly element = h("p", { class: "status", role: "status" });

  say(text: string): void {
    if (this.element.textContent !== text) this.element.textContent = text;
  }
}
