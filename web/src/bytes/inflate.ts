// Inflating what was deflated, by the browser's own decoder, with a limit.

import { type Bytes } from "./bytes.ts";
import { Fault, malformed } from "../fault.ts";

/**
 * Inflates the beginning of what was deflated.
 *
 * @param octets Its first octets, or all of it.
 * @param most The most octets that come out: no more is inflated than that.
 */
export async function inflateBeginning(octets: Bytes, most: number): Promise<Bytes> {
  const decoder = new DecompressionStream("deflate-raw");
  const writer = decoder.writable.getWriter();
  // It may be cut off, and whatever is wrong with it shows when it is read as a whole.
  void writer.write(octets).catch(() => undefined);
  void writer.close().catch(() => undefined);
  const reader = decoder.readable.getReader();
  const beginning = new Uint8Array(most);
  let length = 0;
  try {
    while (length < most) {
      const { done, value } = await reader.read();
      if (done) break;
      const part = value.subarray(0, most - length);
      beginning.set(part, length);
      length += part.length;
    }
  } catch {
    // What came out until then counts.
  }
  await reader.cancel().catch(() => undefined);
  return beginning.subarray(0, length);
}

/**
 * Inflates all of some octets.
 *
 * @param most The most octets that may come out.
 */
export async function inflate(form: "deflate-raw" | "deflate", octets: Bytes, most: number): Promise<Bytes> {
  // The decoder fails if the data ends early, and if anything follows it.
  const decoder = new DecompressionStream(form);
  const writer = decoder.writable.getWriter();
  const written = writer.write(octets).then(() => writer.close());
  // Its error shows when reading.
  written.catch(() => undefined);
  const reader = decoder.readable.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    let part: { done: boolean; value?: Uint8Array | undefined };
    try {
      part = await reader.read();
    } catch {
      throw malformed("the deflated data is damaged");
    }
    if (part.done) break;
    const value = part.value!;
    length += value.length;
    if (length > most) {
      await reader.cancel().catch(() => undefined);
      throw new Fault("malformed", `it decompresses to more than ${most} bytes`, "open it with callseal itself, whose --max-member-size can be raised");
    }
    parts.push(value);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
