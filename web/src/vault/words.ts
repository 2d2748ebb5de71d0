// Faults in the words of the program: an error with the name of what has it, and a hint with the remedy.

import { Fault } from "../fault.ts";
import { type Failure, type Problem } from "./protocol.ts";

/** The remedies of faults that don't bring one of their own. */
const HINTS: Readonly<Partial<Record<Fault["kind"], string>>> = {
  malformed: "get it again from its source; don't trust this one",
  altered: "get it again from its source; don't trust this one",
  unsupported: "use the program: `callseal extract`",
};

/** Returns an error as it is shown, with the name of what has it. */
export function problemOf(name: string, error: unknown): Problem {
  if (error instanceof Fault) {
    return { message: `${name}: ${error.message}`, hint: error.hint ?? HINTS[error.kind] };
  }
  // No input may cause anything else, but for a browser that has no memory left.
  const isMemory = error instanceof RangeError && /memory|allocat|length|size/i.test(error.message) && !/stack/i.test(error.message);
  return isMemory
    ? { message: `${name}: the browser has not enough memory for it`, hint: "close other pages, or open it with `callseal extract`" }
    : { message: `${name}: an internal error (${error instanceof Error ? error.name : typeof error})`, hint: "this is a bug in the page; please report it" };
}

/** Returns what a fault says of the member that was to be opened. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Fault)) return "failed";
  switch (error.kind) {
    case "no key":
      return "no key";
    case "altered":
    case "malformed":
      return "refused";
    default:
      return "failed";
  }
}
