// Telling a text from what isn't one, as the program does.

/**
 * Whether octets have what no text has: a zero, or both control characters and octets that aren't UTF-8. Sound has
 * all of these. Neither is enough alone: a log in Latin-1 is a text, and so is one with control characters between
 * its fields. In UTF-16, whose mark says so, a zero counts as a character.
 */
export function isBinary(octets: Uint8Array): boolean {
  const isWide = (octets[0] === 0xff && octets[1] === 0xfe) || (octets[0] === 0xfe && octets[1] === 0xff);
  if (isWide) return hasWideZero(octets);
  let [hasControls, hasBrokenCharacters, previous] = [false, false, 0];
  for (const octet of octets) {
    if (octet === 0) return true;
    hasControls ||= isControl(octet);
    hasBrokenCharacters ||= isBroken(previous, octet);
    if (hasControls && hasBrokenCharacters) return true;
    previous = octet;
  }
  return false;
}

function hasWideZero(octets: Uint8Array): boolean {
  for (let at = 2; at + 1 < octets.length; at += 2) if (octets[at] === 0 && octets[at + 1] === 0) return true;
  return false;
}

/** A control character that lays out no text: none of BEL to CR, and not ESC, which begins a colour. */
const isControl = (octet: number) => octet <= 0x06 || (octet >= 0x0e && octet <= 0x1f && octet !== 0x1b) || octet === 0x7f;

/**
 * Whether no UTF-8 has these octets next to each other: the first octet of a long character without the second, or
 * another than the first without that.
 */
function isBroken(one: number, next: number): boolean {
  const isContinuation = next >= 0x80 && next <= 0xbf;
  return isContinuation ? one < 0x80 : one >= 0xc0;
}
