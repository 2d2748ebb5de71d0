// The demuxer keeps lists of a file's packets, and believes how many the file says there are: some
// octets become billions of entries. A worker that needs more memory than it gets takes the page
// with it, so lists end before.

/** Lists up to here belong to what is in the file, and aren't counted. */
const SHORT = 32;
/** Entries in all longer lists together. Each takes some tens of octets. */
const MOST_ENTRIES = 4_000_000;

/** Changes what all code of this worker does. */
export function boundLists(most = MOST_ENTRIES): void {
  const push = Array.prototype.push;
  let left = most;
  Array.prototype.push = function (...entries: unknown[]) {
    if (this.length >= SHORT && (left -= entries.length) < 0) throw new RangeError("its lists of packets are too long");
    return push.apply(this, entries);
  };
}
