// Why something can't be read, opened or trusted.

/** An `error:` line and its `hint:`, as the program has them. */
export interface Problem {
  readonly message: string;
  readonly hint: string | undefined;
}

/** What a fault means for whoever has to act on it. */
export type FaultKind =
  /** The bytes could not be read: a file that went away, a server that failed. */
  | "io"
  /** It isn't of the format that it should be of, or two readers could understand it differently. */
  | "malformed"
  /** It isn't what was sealed, or was sealed under another name. */
  | "altered"
  /** It was verified, and isn't what somebody here has signed: nobody knows whether it was altered. */
  | "not verified"
  /** It uses something that this page doesn't support; the program may. */
  | "unsupported"
  /** No key at hand opens it. */
  | "no key"
  /** The passphrase is wrong. */
  | "wrong passphrase";

/** A fault, in words that continue the name of what has it: "calls.zip: it is truncated". */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly kind: FaultKind;
  /** The remedy, if there is one that depends on the cause. */
  readonly hint: string | undefined;

  constructor(kind: FaultKind, message: string, hint?: string) {
    super(message);
    this.kind = kind;
    this.hint = hint;
  }
}

export const malformed = (what: string) => new Fault("malformed", `it is malformed: ${what}`);
const TRUNCATED = "it is truncated";
export const truncated = () => new Fault("malformed", TRUNCATED);
/** Whether more octets might have helped. */
export const isTruncated = (error: unknown) => error instanceof Fault && error.message === TRUNCATED;
export const altered = () => new Fault("altered", "it was altered or damaged after it was sealed");
export const unsupported = (what: string, hint?: string) =>
  new Fault("unsupported", `it uses ${what}, which is not supported`, hint);
