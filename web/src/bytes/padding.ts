// What may follow a message and mean nothing.

import { malformed } from "../fault.ts";

/** Refuses what follows a message, if it isn't zeros or line ends. */
export function checkPadding(rest: Uint8Array): void {
  const isPadding = rest.every((octet) => octet === 0) || rest.every((octet) => octet === 10 || octet === 13);
  if (!isPadding) throw malformed("something follows it");
}
