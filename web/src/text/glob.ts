// Patterns of file names: `*` stands for any characters, and `?` for one.

/**
 * Whether a text as a whole is what a pattern says.
 *
 * A regular expression would try each way to share a text out among several `*`, and names of 64 KiB
 * have more of them than anybody can wait for. Only the last `*` has ever to be tried anew: if the
 * ones before it have matched at all, then so early that the most is left for the rest.
 */
export function globs(text: string, pattern: string): boolean {
  let at = 0;
  let next = 0;
  /** The last `*`, and where the text after it may begin. */
  let star = -1;
  let after = 0;
  while (at < text.length) {
    const wanted = pattern[next];
    if (wanted === "*") {
      star = next++;
      after = at;
    } else if (wanted === "?") {
      at += widthAt(text, at);
      next++;
    } else if (wanted === text[at]) {
      at++;
      next++;
    } else if (star >= 0) {
      after += widthAt(text, after);
      at = after;
      next = star + 1;
    } else {
      return false;
    }
  }
  while (pattern[next] === "*") next++;
  return next === pattern.length;
}

/** A character outside of the first 65,536 has two units. */
function widthAt(text: string, at: number): 1 | 2 {
  return text.codePointAt(at)! > 0xffff ? 2 : 1;
}
