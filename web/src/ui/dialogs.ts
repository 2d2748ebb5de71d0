// Questions in front of the page.
import { shown } from "../text/escapes.ts";
import { button, fill, h, type Child } from "./dom.ts";
import { problemView } from "./messages.ts";
import { isCancelled, problemOf, type LockedKey, type Session } from "./session.ts";
import { AUTHENTICITY } from "./words.ts";

let lastId = 0;

function openDialog(title: string, ...children: Child[]): HTMLDialogElement {
  const id = `dialog-${lastId++}`;
  const dialog = h("dialog", { "aria-labelledby": id }, h("h2", { id, tabindex: -1 }, title), ...children);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Asks until the passphrase is right, or the user has enough of it. */
export function askPassphrase(session: Session, key: LockedKey): Promise<void> {
  const input = h("input", { type: "password", id: `passphrase-${lastId}`, autocomplete: "off", required: true, spellcheck: "false" });
  const problems = h("div", { role: "alert" });
  const unlock = h("button", { type: "submit", class: "primary" }, "Unlock");
  const form = h(
    "form",
    {},
    h("p", {}, "The key ", h("b", { class: "name" }, shown(key.label)), " is locked."),
    h("label", { for: input.id }, "Passphrase"),
    input,
    problems,
    h("div", { class: "buttons" }, button("Not now", () => dialog.close()), unlock),
  );
  const dialog = openDialog("Unlock the key", form);
  const unlisten = session.changes.add(({ what }) => {
    if (what === "forgotten") dialog.close();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const passphrase = input.value;
    input.value = "";
    unlock.disabled = true;
    fill(problems);
    try {
      await session.unlock(key, passphrase);
      dialog.close();
    } catch (error) {
      if (!isCancelled(error)) fill(problems, problemView(problemOf(error)));
      input.focus();
    } finally {
      unlock.disabled = false;
    }
  });
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      input.value = "";
      unlisten();
      resolve();
    });
  });
}

let isWarned = false;

/** Says once what saving means. True if the user still wants to; `signal` takes the question away. */
export function confirmSaving(signal: AbortSignal): Promise<boolean> {
  if (isWarned) return Promise.resolve(true);
  let isConfirmed = false;
  const dialog = openDialog(
    "Save the file unsealed?",
    h("p", {}, "The saved file isn't sealed any more: everybody who can read the disk can read it. Forgetting the key doesn't remove it."),
    h(
      "div",
      { class: "buttons" },
      button("Cancel", () => dialog.close()),
      button("Save it", () => ((isConfirmed = isWarned = true), dialog.close()), { class: "primary" }),
    ),
  );
  const close = () => dialog.close();
  signal.addEventListener("abort", close);
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => {
      signal.removeEventListener("abort", close);
      resolve(isConfirmed);
    }),
  );
}

const KEYS = [
  ["Space", "play, pause"],
  ["← →", "5 seconds back, forward"],
  ["Shift + ← →", "30 seconds back, forward"],
  ["Page ↑ ↓, Home, End", "30 seconds on, back; start, end (on the waveform)"],
  ["[ ]", "slower, faster"],
  ["/", "filter the list by name"],
  ["↓, Enter", "from the filter to the list"],
  ["↑ ↓, Page, Home, End", "move in a list"],
  ["Enter", "open the member, or the place that was found"],
  ["Ctrl + F", "find in the text that is shown"],
  ["Enter, Shift + Enter", "next match, previous one (in the field to find)"],
  ["Ctrl + S", "save the member that is open"],
  ["← →", "the next tab, the previous one (on the tabs)"],
  ["Escape", "close a question or this help"],
  ["?", "this help"],
] as const;

export function showHelp(): void {
  const dialog = openDialog(
    "Help",
    h("h3", {}, "Keys"),
    h("dl", { class: "keys" }, ...KEYS.flatMap(([keys, what]) => [h("dt", {}, keys), h("dd", {}, what)])),
    h("h3", {}, "What is known of a member"),
    h(
      "ul",
      {},
      ...Object.values(AUTHENTICITY).map(({ word, sentence }) => h("li", {}, h("b", {}, `${word}: `), sentence)),
    ),
    h("h3", {}, "What the page keeps"),
    h("p", {}, "Nothing. The key, the texts and the sound are in the memory of this page alone, until the key is forgotten or the page is closed."),
    h("div", { class: "buttons" }, button("Close", () => dialog.close(), { class: "primary" })),
  );
  // It's long: with the focus on its button, it would begin at its end.
  dialog.querySelector("h2")?.focus();
}
