// A bar for work that takes a while, and a way to end it.
import { button, h } from "./dom.ts";
import { formatCount, formatSize } from "./format.ts";

export interface ProgressView {
  readonly element: HTMLElement;
  readonly update: (progress: { readonly done: number; readonly total: number }) => void;
}

export function progressView(label: string, cancel: () => void, unit: "octets" | "members" = "octets"): ProgressView {
  const bar = h("progress", { max: 1, value: 0, "aria-label": label });
  const text = h("span", { class: "dim" }, `${label} …`);
  const format = unit === "octets" ? formatSize : formatCount;
  return {
    element: h("div", { class: "progress" }, bar, text, button("Cancel", cancel)),
    update({ done, total }) {
      bar.value = total > 0 ? Math.min(1, done / total) : 0;
      text.textContent = `${label}: ${format(done)} of ${format(total)}`;
    },
  };
}
