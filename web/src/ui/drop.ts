// Files come into the page by dropping them anywhere, or by a dialog.
import { button, h } from "./dom.ts";
import { icon } from "./icons.ts";

export type TakeFiles = (files: readonly File[]) => void;

/** Dropping a file beside the page would make the browser leave it; so all of it takes them. */
export function acceptDrops(take: TakeFiles): HTMLElement {
  const veil = h("div", { class: "veil", hidden: true, "aria-hidden": "true" }, h("p", {}, "Drop archives and keys here"));
  let depth = 0;
  const over = (by: number) => {
    depth = Math.max(0, depth + by);
    veil.hidden = depth === 0;
  };
  // A text of the page can be dragged, too.
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  addEventListener("dragenter", (event) => (event.preventDefault(), hasFiles(event) && over(1)));
  addEventListener("dragleave", (event) => hasFiles(event) && over(-1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    veil.hidden = true;
    take([...(event.dataTransfer?.files ?? [])]);
  });
  return veil;
}

export function fileButton(take: TakeFiles, label: string, properties: Readonly<Record<string, string>> = {}): HTMLElement {
  const input = h("input", { type: "file", multiple: true, hidden: true, "aria-label": "Archives and keys" });
  input.addEventListener("change", () => {
    take([...(input.files ?? [])]);
    // The same file can be chosen again.
    input.value = "";
  });
  return h("span", { class: "file-button" }, input, button(label, () => input.click(), properties, icon("archive"), label));
}
