// From the octets of a member to samples.
import { headerless, isAu, parseAu } from "./au.ts";
import { UnplayableError, type PcmSource } from "./pcm.ts";
import { isWav, parseWav } from "./wav.ts";

export type Decode = (bytes: Uint8Array<ArrayBuffer>) => Promise<PcmSource>;

/** `decode` is for what browsers decode: MP3, Ogg, FLAC, AAC. */
export async function audioSource(bytes: Uint8Array<ArrayBuffer>, name: string, decode: Decode): Promise<PcmSource> {
  if (bytes.length === 0) throw new UnplayableError("it is empty");
  const source = isWav(bytes) ? parseWav(bytes) : isAu(bytes) ? parseAu(bytes) : (headerless(bytes, name) ?? (await decode(bytes)));
  if (source.frames === 0) throw new UnplayableError("it has no samples");
  return source;
}
