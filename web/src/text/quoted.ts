// Names in sentences: where a name begins and ends is seen, whatever stands in it.

/** A name that is longer says nothing more, and hides the sentence around it. */
const LONGEST = 200;

/** A name can't seem to end before its end. */
export function quoted(name: string): string {
  const characters = [...name.slice(0, 2 * LONGEST + 2)];
  const cut = characters.length > LONGEST ? `${characters.slice(0, LONGEST).join("")}…` : name;
  return `“${cut.replaceAll(/[“”]/g, '"')}”`;
}
