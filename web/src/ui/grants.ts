// What is said of grants: whose key they wait for, and what they open.
import { shown } from "../text/escapes.ts";
import type { Archive, Grant, Problem, RecipientShown } from "../vault/protocol.ts";
import { counted } from "./format.ts";
import type { ArchiveEntry } from "./rows.ts";

/** Says what a grant waits for, or what it opens. */
export function stateOf(grant: Grant, entries: readonly ArchiveEntry[]): string {
  if (grant.members === undefined) return `A sealed message. If it is a grant, it waits for its key: it is sealed to ${namesOf(grant.recipients)}.`;
  const opened = openOf(entries).flatMap((archive) => {
    const members = membersIn(archive, grant);
    return members ? [`${counted(members, "member")} of ${shown(archive.name)}`] : [];
  });
  const lists = `It lists ${counted(grant.members, "member")}`;
  return opened.length === 0 ? `${lists}, none of an archive that is here.` : `${lists}, and opens ${opened.join(", ")}.`;
}

/** Returns what is missing for a grant: with a hint, if something else was meant; `undefined` if nothing is, or if it isn't known yet. */
export function adviceOn(grant: Grant, entries: readonly ArchiveEntry[], hasKey: boolean): Problem | undefined {
  const { label, members, recipients } = grant;
  if (members === undefined) {
    if (!hasKey) return undefined;
    return { message: `${label}: none of the keys here opens it. It is sealed to ${namesOf(recipients)}.`, hint: undefined };
  }
  if (entries.length === 0) return { message: `${label}: drop the archive that this grant is for.`, hint: undefined };
  const archives = openOf(entries);
  // One that is on its way may be the right one.
  const isElsewhere = archives.length === entries.length && archives.every((archive) => membersIn(archive, grant) === 0);
  if (!isElsewhere) return undefined;
  return {
    message: `${label}: it grants no member of ${archives.map(({ name }) => name).join(", ")}`,
    hint: "give the archive that the grant was made for; if this is it, the members were removed from it",
  };
}

const openOf = (entries: readonly ArchiveEntry[]): Archive[] => entries.flatMap(({ state }) => (state.kind === "open" ? [state.archive] : []));

/** `undefined` if the grant wasn't tried on the archive yet. */
const membersIn = ({ grants }: Archive, { number }: Grant) => grants.find(({ grant }) => grant === number)?.members;

function namesOf(recipients: readonly RecipientShown[]): string {
  return recipients.length === 0 ? "nobody who is named" : recipients.map(({ id, label }) => shown(label ?? id)).join(", ");
}
