// A name under which a member can be saved.

const LONGEST_NAME = 120;
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** The last part of a member's name, without what file systems, shells and eyes mistake. */
export function fileName(memberName: string): string {
  const last = memberName.slice(memberName.lastIndexOf("/") + 1);
  const safe = last
    .replace(/[\p{C}\u2028\u2029\\/:*?"<>|]/gu, "_")
    .replace(/^[.\s~-]+/, "")
    .replace(/[.\s]+$/, "");
  const [, ending = ""] = /(\.[^.]{1,10})$/.exec(safe) ?? [];
  const cut = safe.length > LONGEST_NAME ? safe.slice(0, LONGEST_NAME - ending.length) + ending : safe;
  return cut === "" ? "member" : DEVICES.test(cut) ? `_${cut}` : cut;
}
