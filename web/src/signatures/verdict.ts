// What is said of the signatures of an archive.

import { type Problem } from "../fault.ts";

/** What became of a look at the signatures, in the words of `callseal verify`. */
export interface Verdict {
  /** `signed`: a certificate at hand signed it, and nothing was changed since. */
  readonly state: "signed" | "claims" | "unsigned" | "not verified";
  /** The line that `callseal verify` prints. */
  readonly summary: string;
  readonly problems: readonly Problem[];
  /** The numbers of the members that don't open any more. What was opened of them before doesn't count. */
  readonly withdrawn: readonly number[];
}
