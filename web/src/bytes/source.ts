// Where the bytes of an archive come from.

import { Fault } from "../fault.ts";
import { type Bytes } from "./bytes.ts";

/** Bytes that can be read at any place. */
export interface ByteSource {
  /** Their number. */
  readonly size: number;
  /** The same without the buffer before it, if it has one: for reads that don't follow each other. */
  readonly unbuffered?: ByteSource | undefined;
  /** Reads exactly so many bytes, which must be within the source, unless it is cancelled. */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Bytes>;
}

/** Returns a source whose reads all end when that is cancelled. */
export function cancelledBy(source: ByteSource, signal: AbortSignal): ByteSource {
  const both = (own: AbortSignal | undefined) => (own === undefined ? signal : AbortSignal.any([signal, own]));
  return {
    size: source.size,
    unbuffered: source.unbuffered && cancelledBy(source.unbuffered, signal),
    read: (offset, length, own) => source.read(offset, length, both(own)),
  };
}

/** A file that was dropped into the page. The browser reads it slice by slice. */
export class FileSource implements ByteSource {
  readonly size: number;
  readonly #file: Blob;

  constructor(file: Blob) {
    this.#file = file;
    this.size = file.size;
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Bytes> {
    signal?.throwIfAborted();
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
  static async open(url: string, signal?: AbortSignal): Promise<AddressSource> {
    const headers = await exchange(url, { Range: "bytes=0-0" }, signal, async (response, heard) => {
      await bodyOf(response, url, 1, heard);
      return response.headers;
    });
    const [, total] = /^bytes 0-0\/(\d+)$/.exec(headers.get("Content-Range") ?? "") ?? [];
    const size = Number(total);
    if (total === undefined || !Number.isSafeInteger(size)) {
      throw new Fault(
        "io",
        "the server doesn't say how long it is",
        "let the server expose the header Content-Range to this page (Access-Control-Expose-Headers)",
      );
    }
    const tag = headers.get("ETag") ?? undefined;
    // A weak tag says nothing about the bytes (RFC 9110, section 8.8.1).
    return new AddressSource(url, size, tag?.startsWith("W/") ? undefined : tag);
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Bytes> {
    if (length === 0) return new Uint8Array(0);
    const last = offset + length - 1;
    const headers: Record<string, string> = { Range: `bytes=${offset}-${last}` };
    if (this.#tag !== undefined) headers["If-Match"] = this.#tag;
    return exchange(this.#url, headers, signal, async (response, heard) => {
      if (response.headers.get("Content-Range") !== `bytes ${offset}-${last}/${this.size}`) throw changed(this.#url);
      return bodyOf(response, this.#url, length, heard);
    });
  }
}

/** How long a server may send nothing, in milliseconds. */
const LONGEST_SILENCE = 60_000;

/** Makes a request, and takes what is needed of the answer. Then, nothing more is sent. */
async function exchange<T>(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal | undefined,
  take: (response: Response, heard: () => void) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const either = signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal]);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => ending.abort(silent()), LONGEST_SILENCE);
  };
  try {
    heard();
    const response = await request(url, headers, either);
    heard();
    return await take(response, heard);
  } catch (error) {
    // The error of a request that was ended doesn't say why.
    either.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    ending.abort();
  }
}

async function request(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  const ask = () =>
    fetch(url, {
      headers,
      signal,
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
      throw new Fault("io", "the server doesn't answer range requests", "let it accept the header Range, or drop the file into the page");
    case 416:
      throw new Fault("malformed", "the file is empty");
    case 401:
    case 403:
      throw new Fault("io", `the server refuses to give it (status ${response.status})`, "check the address; the page sends no password, so the server has to give the archive without one");
    case 404:
    case 410:
      throw new Fault("io", `the server answers that it isn't there (status ${response.status})`, "check the address");
    default:
      throw new Fault("io", `the server answers with status ${response.status}`);
  }
}

/** Reads a body of exactly that length. One that goes on isn't read to its end. */
async function bodyOf(response: Response, url: string, length: number, heard: () => void): Promise<Bytes> {
  const octets = new Uint8Array(length);
  let at = 0;
  const reader = response.body?.getReader();
  try {
    for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
      heard();
      if (at + part.value.length > length) throw new Fault("io", "the server sends more than it was asked for");
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

const silent = () =>
  new Fault("io", `the server has sent nothing for ${LONGEST_SILENCE / 1000} seconds`, "try again later, or drop the file into the page");

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

/** A piece that some wait for. */
class Piece {
  readonly start: number;
  readonly end: number;
  readonly #octets: Promise<Bytes>;
  readonly #ending = new AbortController();
  #waiting = 0;
  /** Whether it can't be read, or isn't any more since nobody waited for it. */
  isLost = false;

  constructor(source: ByteSource, start: number, length: number) {
    this.start = start;
    this.end = start + length;
    this.#octets = source.read(start, length, this.#ending.signal);
    this.#octets.catch(() => (this.isLost = true));
  }

  /** Others may wait for it as well: it is read on until none of them does. */
  async octets(signal: AbortSignal | undefined): Promise<Bytes> {
    this.#waiting++;
    try {
      return await unlessAborted(this.#octets, signal);
    } finally {
      this.#waiting--;
      if (signal?.aborted && this.#waiting === 0) {
        this.isLost = true;
        this.#ending.abort();
      }
    }
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", abort);
  });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", abort));
}

/** Holds the last piece that was read, since small reads often follow each other. */
export class BufferedSource implements ByteSource {
  /** Bytes that are read at least at once. */
  static readonly PIECE = 1024 * 1024;

  readonly size: number;
  readonly unbuffered: ByteSource;
  #piece: Piece | undefined;

  constructor(source: ByteSource) {
    this.unbuffered = source;
    this.size = source.size;
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Bytes> {
    if (offset < 0 || length < 0 || offset + length > this.size) throw new Fault("malformed", "it is truncated");
    if (length > BufferedSource.PIECE / 2) return this.unbuffered.read(offset, length, signal);
    let piece = this.#piece;
    if (piece === undefined || piece.isLost || offset < piece.start || offset + length > piece.end) {
      piece = new Piece(this.unbuffered, offset, Math.min(BufferedSource.PIECE, this.size - offset));
      this.#piece = piece;
    }
    const start = offset - piece.start;
    return (await piece.octets(signal)).slice(start, start + length);
  }
}
