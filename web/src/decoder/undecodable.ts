/** The recording can't be decoded; the message says why. */
export class UndecodableError extends Error {}
