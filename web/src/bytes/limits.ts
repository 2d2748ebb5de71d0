// How much is held in memory.

/** The most octets of a member. */
export const MOST_BYTES = 1024 * 1024 * 1024;

/**
 * The most octets of a message of which so many may come out: its recipients take some, and chunks of 64 octets
 * have 16 more each. What is deflated can be a thousand times as long.
 */
export const mostSealed = (most: number): number => Math.min(MOST_BYTES, Math.ceil(1.3 * most) + 16 * 1024 * 1024);
