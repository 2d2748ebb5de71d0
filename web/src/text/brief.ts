// Names in the page: those of members can have 64 KiB, and browsers take seconds for each of that length.

/** What is longer than this is cut in the middle. */
const MOST = 600;
const START = 400;
const END = MOST - START;

/** A name or a sentence with names, of at most so many characters as somebody reads. */
export function brief(text: string): string {
  if (text.length <= MOST) return text;
  // Halves of characters at the cut would be replaced by others.
  return `${text.slice(0, START).replace(/[\ud800-\udbff]$/, "")} … ${text.slice(-END).replace(/^[\udc00-\udfff]/, "")}`;
}
