// The messages between the page and the worker that decodes one recording.

/** Why not all of a recording is played. */
export type Cut = "too long" | "damaged" | "changed" | "another stream";

/** What the worker says, in this order: the format, chunks, and the end; or a problem, and nothing more. */
export type Decoded =
  | { readonly kind: "format"; readonly sampleRate: number; readonly channels: number; readonly codec: string }
  /** Frames of interleaved samples: `CHUNK_FRAMES`, or fewer in the last one. `part` of the file is decoded. */
  | { readonly kind: "chunk"; readonly samples: Int16Array<ArrayBuffer>; readonly part: number }
  | { readonly kind: "end"; readonly cut: Cut | undefined }
  | { readonly kind: "problem"; readonly message: string };

export const CHUNK_FRAMES = 65_536;
