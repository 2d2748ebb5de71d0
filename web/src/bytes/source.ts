// Where the bytes of an archive come from.

import { Fault } from "../fault.ts";
import { type Bytes } from "./bytes.ts";

/** Bytes that can be read at any place. */
export interface ByteSource {
  /** Their number. */
  readonly size: number;
  /** Reads exactly so many bytes. They must be within the source. */
  read(offset: number, length: number): Promise<Bytes>;
}

/** A file that was dropped into the page. The browser reads it slice by slice. */
export class FileSource implements ByteSource {
  readonly size: number;
  readonly #file: Blob;

  constructor(file: Blob) {
    this.#file = file;
    this.size = file.size;
  }

  async read(offset: number, length: number): Promise<Bytes> {
    let octets: Bytes;
    try {
      octets = new Uint8Array(await this.#file.slice(offset, offset + length).arrayBuffer());
    } catch {
      // The browser's own words differ, and some say nothing.
      throw new Fault("io", "it can't be read any more: the file was changed, moved or removed", "drop it into the page again");
    }
    return whole(octets, length);
  }
}

/** A resource that is read by range requests (RFC 9110, section 14). */
export class AddressSource implements ByteSource {
  readonly size: number;
  readonly #url: string;
  /** The tag of the version whose bytes are read: those of another one are never mixed in. */
  readonly #tag: string | undefined;

  private constructor(url: string, size: number, tag: string | undefined) {
    this.#url = url;
    this.size = size;
    this.#tag = tag;
  }

  /** Asks for the first byte, whose answer says how many there are. */
  static async open(url: string): Promise<AddressSource> {
    const response = await request(url, "bytes=0-0", undefined);
    await bodyOf(response, url, 1);
    const [, total] = /^bytes 0-0\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "") ?? [];
    const size = Number(total);
    if (total === undefined || !Number.isSafeInteger(size)) {
      throw new Fault(
        "io",
        "the server doesn't say how long it is",
        "let the server expose the header Content-Range to this page (Access-Control-Expose-Headers)",
      );
    }
    const tag = response.headers.get("ETag") ?? undefined;
    // A weak tag says nothing about the bytes (RFC 9110, section 8.8.1).
    return new AddressSource(url, size, tag?.startsWith("W/") ? undefined : tag);
  }

  async read(offset: number, length: number): Promise<Bytes> {
    if (length === 0) return new Uint8Array(0);
    const last = offset + length - 1;
    const response = await request(this.#url, `bytes=${offset}-${last}`, this.#tag);
    const range = response.headers.get("Content-Range");
    if (range !== `bytes ${offset}-${last}/${this.size}`) {
      throw changed(this.#url);
    }
    return bodyOf(response, this.#url, length);
  }
}

async function request(url: string, range: string, tag: string | undefined): Promise<Response> {
  const headers: Record<string, string> = { Range: range };
  if (tag !== undefined) headers["If-Match"] = tag;
  const ask = () =>
    fetch(url, {
      headers,
      // No cookies, no referrer, no copy of it on the disk, and no other host.
      credentials: "omit",
      referrerPolicy: "no-referrer",
      cache: "no-store",
      redirect: "error",
    });
  let response: Response;
  try {
    // A busy server may have ended the connection.
    response = await ask().catch(ask);
  } catch {
    throw unreachable(url);
  }
  switch (response.status) {
    case 206:
      return response;
    case 412:
      throw changed(url);
    case 200:
      // Else a large archive would be fetched as a whole.
      await response.body?.cancel();
      throw new Fault("io", "the server doesn't answer range requests", "let it accept the header Range, or drop the file into the page");
    case 416:
      throw new Fault("malformed", "the file is empty");
    case 403:
    case 404:
    case 410:
      throw new Fault("io", `the server answers that it isn't there (status ${response.status})`, "check the address");
    default:
      throw new Fault("io", `the server answers with status ${response.status}`);
  }
}

/** Reads a body of exactly that length. One that goes on isn't read to its end. */
async function bodyOf(response: Response, url: string, length: number): Promise<Bytes> {
  const octets = new Uint8Array(length);
  let at = 0;
  const reader = response.body?.getReader();
  try {
    for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
      if (at + part.value.length > length) {
        void reader?.cancel().catch(() => undefined);
        throw new Fault("io", "the server sends more than it was asked for");
      }
      octets.set(part.value, at);
      at += part.value.length;
    }
  } catch (error) {
    throw error instanceof Fault ? error : unreachable(url);
  }
  if (at !== length) throw unreachable(url);
  return octets;
}

/** Whether an address is of the server that the page itself is from: that of `callseal play`. */
function isOwn(url: string): boolean {
  return new URL(url).origin === globalThis.location?.origin;
}

function changed(url: string): Fault {
  const hint = isOwn(url)
    ? "end `callseal play`, start it again, and open its new address"
    : "close it under “Archives and keys”, and give its address again";
  return new Fault("io", "it was changed on the server since it was opened", hint);
}

function unreachable(url: string): Fault {
  if (isOwn(url)) {
    return new Fault("io", "it can't be fetched: the server doesn't answer", "check that `callseal play` still runs; if it was started again, open its new address");
  }
  return new Fault(
    "io",
    "it can't be fetched: the server doesn't answer, or doesn't allow this page to read it",
    "check the address; the server must answer with Access-Control-Allow-Origin, and allow the headers Range and If-Match",
  );
}

function whole(octets: Bytes, length: number): Bytes {
  if (octets.length !== length) throw new Fault("io", "it is shorter than it was when it was opened", "open it again");
  return octets;
}

/** Holds the last piece that was read, since small reads often follow each other. */
export class BufferedSource implements ByteSource {
  /** Bytes that are read at least at once. */
  static readonly PIECE = 1024 * 1024;

  readonly size: number;
  readonly #source: ByteSource;
  #start = 0;
  #piece: Promise<Bytes> | undefined;
  #length = 0;

  constructor(source: ByteSource) {
    this.#source = source;
    this.size = source.size;
  }

  async read(offset: number, length: number): Promise<Bytes> {
    if (offset < 0 || length < 0 || offset + length > this.size) throw new Fault("malformed", "it is truncated");
    if (length > BufferedSource.PIECE / 2) return this.#source.read(offset, length);
    if (this.#piece === undefined || offset < this.#start || offset + length > this.#start + this.#length) {
      this.#start = offset;
      this.#length = Math.min(BufferedSource.PIECE, this.size - offset);
      this.#piece = this.#source.read(this.#start, this.#length);
    }
    const start = offset - this.#start;
    const piece = this.#piece;
    try {
      return (await piece).slice(start, start + length);
    } catch (error) {
      if (this.#piece === piece) this.#piece = undefined;
      throw error;
    }
  }
}
