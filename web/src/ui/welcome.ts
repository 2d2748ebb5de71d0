// What a first visitor sees: what this is, three steps, and where the key stays.
import { h, type Child } from "./dom.ts";
import { fileButton, type TakeFiles } from "./drop.ts";
import { icon } from "./icons.ts";
import type { Origin } from "./origin.ts";

export function welcome(origin: Origin, take: TakeFiles, addressForm: HTMLElement | undefined): HTMLElement {
  const archive: Child[] = {
    dropped: ["Drop a sealed archive (a ZIP file) anywhere into this page."],
    served: ["The archives of this server open by themselves. You can drop others here, too."],
    store: ["Give the address of an archive, or drop one here."],
  }[origin.kind];
  return h(
    "section",
    { class: "welcome", "aria-label": "Start" },
    h("h2", {}, "Hear and read sealed calls"),
    h("p", {}, "This page opens archives of callseal with your own key. It does that in your browser: no server sees your key, or what the archive holds."),
    h(
      "ol",
      { class: "steps" },
      h("li", {}, icon("archive"), h("div", {}, h("b", {}, "Archive"), h("p", {}, ...archive), addressForm)),
      h("li", {}, icon("key"), h("div", {}, h("b", {}, "Key"), h("p", {}, "Drop your private key, in PEM or DER. If it has a passphrase, the page asks for it."))),
      h("li", {}, icon("audio"), h("div", {}, h("b", {}, "Listen"), h("p", {}, "Choose a member of the list: recordings play, transcripts are shown and searched."))),
    ),
    h("div", { class: "dropzone" }, h("p", {}, "Drop archives and keys here, or"), fileButton(take, "Choose files …", { class: "primary" })),
    h("p", { class: "dim" }, icon("lock"), " The key stays in this page, and is forgotten after 15 minutes without use. Nothing is stored, and nothing that is opened leaves the page unless you save it."),
  );
}

/** Asks for the address of an archive of the store. */
export function addressForm(base: string, open: (typed: string) => void): HTMLElement {
  const input = h("input", { type: "text", inputmode: "url", placeholder: `${base}…`, "aria-label": "Address of an archive", required: true, spellcheck: "false", autocomplete: "off" });
  const form = h("form", { class: "address" }, input, h("button", { type: "submit" }, "Open"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    open(input.value.trim());
    input.value = "";
  });
  return form;
}
