// Puts the page together.
import { shown } from "../text/escapes.ts";
import type { Hit, Vault } from "../vault/protocol.ts";
import { ArchivesPanel } from "./archivespanel.ts";
import { ContentPane } from "./content.ts";
import { askPassphrase } from "./dialogs.ts";
import { h } from "./dom.ts";
import { acceptDrops } from "./drop.ts";
import { IDLE_MINUTES } from "./idle.ts";
import { IdleWatch } from "./idlewatch.ts";
import { Members } from "./members.ts";
import { Messages, StatusLine } from "./messages.ts";
import { addressBelow, originOf } from "./origin.ts";
import type { Row } from "./rows.ts";
import { SearchPanel } from "./searchpanel.ts";
import { ServedList } from "./served.ts";
import { KEYS, Session, type LockedKey } from "./session.ts";
import { listenToKeys } from "./shortcuts.ts";
import { Tabs } from "./tabs.ts";
import { Topbar } from "./topbar.ts";
import { addressForm, welcome } from "./welcome.ts";

const ADDRESS = "address";

export function start(newVault: () => Vault): void {
  const origin = originOf(document.querySelector<HTMLMetaElement>('meta[name="callseal-archives"]')?.content);
  const session = new Session(newVault);
  const messages = new Messages();
  const status = new StatusLine();
  const take = (files: readonly File[]) => void session.addFiles(files);
  const unlock = passphrases(session);

  const content = new ContentPane(session, status, {
    onclose: () => members.focus(),
    onopen: (row) => open(row),
    onshowall: (row) => {
      tabs.show(0);
      members.showDirectory(row);
      members.focus();
    },
  });
  const open = (row: Row, hit?: Hit) => {
    void content.open(row, hit);
    members.select(row);
    // In a narrow window it's below the list.
    if (matchMedia("(max-width: 700px)").matches) content.element.scrollIntoView({ block: "start" });
  };
  const members = new Members(session, { onselect: (row) => content.select(row), onopen: open });
  const search = new SearchPanel(session, open);
  const archives = new ArchivesPanel(session, unlock);
  const tabs = new Tabs("Members", [
    { name: "Members", panel: members.element, onshow: () => members.reveal() },
    { name: "Search", panel: search.element, onshow: () => search.focus() },
    { name: "Archives and keys", panel: archives.element, onshow: () => {} },
  ]);
  const topbar = new Topbar(session, { take, unlock, showArchives: () => tabs.show(2) });
  const storeForm = () =>
    origin.kind === "store" ? addressForm(origin.base, (typed) => openAddress(session, origin.base, typed)) : undefined;
  const first = welcome(origin, take, storeForm());
  const panes = h("div", { class: "panes" }, tabs.element, content.element);
  archives.element.prepend(storeForm() ?? "");
  const served = new ServedList(session);
  const idle = new IdleWatch(session, () => content.isPlaying);

  const main = h("main", { "aria-busy": "false" }, first, panes);

  const showPanes = () => {
    const isFirst = session.archives.length === 0;
    first.hidden = !isFirst;
    panes.hidden = isFirst;
    if (isFirst) first.append(served.element);
    else archives.element.prepend(served.element);
  };
  session.changes.add((change) => {
    if (change.what === "archives") showPanes();
    if (change.what === "busy") main.setAttribute("aria-busy", String(change.isBusy));
    if (change.what === "problem") messages.show(change.problem, change.topic);
    if (change.what === "settled") messages.clearTopic(change.topic);
    if (change.what === "note") messages.note(shown(change.text), change.topic);
    if (change.what === "locked") unlock(change.key);
    if (change.what === "forgotten") {
      messages.clear();
      status.say("The key is forgotten");
      if (change.why === "idle") messages.note(`The page wasn't used for ${IDLE_MINUTES} minutes, and forgot your key. Drop it again to go on.`, KEYS);
    }
    if (change.what === "keys" && session.keys.length > 0) status.say("The key is in the memory of this page");
  });
  showPanes();

  const footer = h("footer", { class: "bottom" }, status.element, h("p", { class: "dim" }, "The key stays in this page. Nothing is stored."));
  document.body.append(topbar.element, messages.element, idle.element, main, footer, acceptDrops(take));
  listenToKeys({ content, filter: members.filters.name, showMembers: () => tabs.show(0) });
  if (origin.kind === "served") void served.openAll();
}

/** Several keys can be locked: their dialogs come one after the other. */
function passphrases(session: Session): (key: LockedKey) => void {
  let before = Promise.resolve();
  return (key) => {
    before = before.then(() => (session.locked.includes(key) ? askPassphrase(session, key) : undefined));
  };
}

function openAddress(session: Session, base: string, typed: string): void {
  const found = addressBelow(base, typed);
  // Each address that is typed takes the place of the last one.
  session.settle(ADDRESS);
  if ("message" in found) session.report(found, ADDRESS);
  else void session.addArchive({ kind: "address", url: found.url }, found.name, ADDRESS);
}
