// The keys that work in the whole page. They never take a key from a control that uses it.
import type { ContentPane } from "./content.ts";
import { showHelp } from "./dialogs.ts";

export interface ShortcutTargets {
  readonly content: ContentPane;
  readonly filter: HTMLInputElement;
  showMembers(): void;
}

export function listenToKeys({ content, filter, showMembers }: ShortcutTargets): void {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || document.querySelector("dialog[open]")) return;
    const isCommand = event.ctrlKey || event.metaKey;
    if (!isCommand && isUsedBy(event.target, event.key)) return;
    if (content.key(event)) return event.preventDefault();
    if (isCommand) return;
    if (event.key === "?") {
      event.preventDefault();
      showHelp();
    } else if (event.key === "/") {
      event.preventDefault();
      showMembers();
      filter.focus();
    }
  });
}

/** Texts take all keys; buttons take Space; radio buttons and tabs take arrows, too. */
function isUsedBy(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof Element)) return false;
  if (target.matches("select, textarea, input:not([type=checkbox], [type=radio])")) return true;
  if (target.matches("input, [role=tab]")) return key === " " || key.startsWith("Arrow");
  return target.matches("button, summary, a") && key === " ";
}
