// How much is held in memory.

/** The most octets of a member. */
export const MOST_BYTES = 1024 * 1024 * 1024;
