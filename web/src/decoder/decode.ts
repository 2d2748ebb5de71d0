// One recording from its octets to samples: the library finds the packets, the browser decodes them.
import { ADTS, BufferSource, EncodedPacketSink, FLAC, Input, MP3, OGG, type InputAudioTrack, type InputFormat } from "mediabunny";
import { Chunks } from "./chunks.ts";
import type { Cut, Decoded } from "./messages.ts";
import { isOgg, walkPages } from "./ogg.ts";
import { Succession } from "./succession.ts";
import { withoutTags } from "./tags.ts";
import { UndecodableError } from "./undecodable.ts";

/** Not MP4, whose tables let a small file claim billions of packets. */
const FORMATS = [OGG, FLAC, ADTS, MP3];
/** Their packets follow one another to the end of the file. */
const STREAMS: readonly InputFormat[] = [ADTS, MP3];

const NAMES: Readonly<Record<string, string>> = {
  aac: "AAC",
  flac: "FLAC",
  mp3: "MP3",
  opus: "Opus",
  vorbis: "Vorbis",
};

/** Packets that wait for the decoder. What it makes of them is in memory soon. */
const MOST_WAITING = 16;
/** Eleven hours of the usual 20 ms. Each takes some of the demuxer's memory, whatever is in it. */
const MOST_PACKETS = 2_000_000;
/** What follows the packets of FLAC besides the tags that are known. Its demuxer takes the beginning of that for a packet. */
const MOST_TRAILER = 65_536;
/** Headers count in their own units, and some count the encoder's delay. */
const MOST_MISSING_SECONDS = 0.5;
/** Encoders begin some milliseconds early. */
const MOST_DELAY_SECONDS = 1;

export type Say = (message: Decoded, transfer: Transferable[]) => void;

/** Says what is in the file, or why nothing is. */
export async function decode(bytes: Uint8Array<ArrayBuffer>, say: Say): Promise<void> {
  try {
    const file = withoutTags(bytes);
    const pages = isOgg(file) ? walkPages(file) : { end: file.length, cut: undefined };
    const sound = file.subarray(0, pages.end);
    const tracks = await tracksOf(sound);
    const rest = pages.cut ?? (tracks.length > 1 ? "another stream" : undefined);
    await new Decoding(sound, tracks[0], rest, say).run();
  } catch (error) {
    // The demuxer has errors of all kinds for what is damaged.
    const message = error instanceof UndecodableError ? error.message : "it is damaged";
    say({ kind: "problem", message }, []);
  }
}

async function tracksOf(bytes: Uint8Array<ArrayBuffer>): Promise<readonly [InputAudioTrack, ...InputAudioTrack[]]> {
  const input = new Input({ source: new BufferSource(bytes), formats: FORMATS });
  if (!(await input.canRead())) throw new UndecodableError("it is damaged, or its format is none that this page knows");
  const [first, ...others] = await input.getAudioTracks();
  if (!first) throw new UndecodableError("there is no sound in it that this page knows");
  return [first, ...others];
}

async function configOf(track: InputAudioTrack, codec: string): Promise<AudioDecoderConfig> {
  if (typeof AudioDecoder === "undefined") {
    throw new UndecodableError(`its codec is ${codec}, and this browser decodes none for pages (it has no WebCodecs)`);
  }
  const config = await track.getDecoderConfig();
  if (!config) throw new UndecodableError("it is damaged");
  const { supported } = await AudioDecoder.isConfigSupported(config);
  if (supported !== true) throw new UndecodableError(`its codec is ${codec}, which this browser doesn't decode, or not as it's used there`);
  return config;
}

class Decoding {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #track: InputAudioTrack;
  /** What is wrong with the rest of the file, which isn't in `#bytes`. */
  readonly #rest: Cut | undefined;
  readonly #say: Say;
  #codec = "";
  /** Seconds at the start that are no sound. */
  #delay = 0;
  /** How much of the file was given to the decoder. */
  #read = 0;
  #first: { readonly sampleRate: number; readonly channels: number; readonly chunks: Chunks } | undefined;
  #cut: Cut | undefined;
  #wake = (): void => {};

  constructor(bytes: Uint8Array<ArrayBuffer>, track: InputAudioTrack, rest: Cut | undefined, say: Say) {
    this.#bytes = bytes;
    this.#track = track;
    this.#rest = rest;
    this.#say = say;
  }

  async run(): Promise<void> {
    const name = await this.#track.getCodec();
    if (name === null) throw new UndecodableError("its codec is none that this page knows");
    this.#codec = NAMES[name] ?? name;
    const config = await configOf(this.#track, this.#codec);
    const decoder = new AudioDecoder({
      output: (data) => {
        this.#take(data);
        this.#wake();
      },
      error: () => this.#end("damaged"),
    });
    decoder.ondequeue = () => this.#wake();
    decoder.configure(config);
    try {
      const isWhole = await this.#feed(decoder);
      if (this.#cut === undefined) await decoder.flush();
      if (!isWhole) this.#end("damaged");
      if (this.#rest !== undefined) this.#end(this.#rest);
    } catch {
      this.#end("damaged");
    }
    if (decoder.state !== "closed") decoder.close();
    if (!this.#first) throw new UndecodableError(this.#cut === undefined ? "it has no samples" : "it is damaged");
    this.#first.chunks.finish();
    this.#say({ kind: "end", cut: this.#cut }, []);
  }

  /** Returns whether no packets are missing. */
  async #feed(decoder: AudioDecoder): Promise<boolean> {
    const format = await this.#track.input.getFormat();
    const succession = STREAMS.includes(format) ? new Succession(this.#bytes) : undefined;
    let packets = 0;
    let end = 0;
    let seconds = 0;
    for await (const packet of new EncodedPacketSink(this.#track).packets()) {
      if (packets === 0 && packet.timestamp < 0) this.#delay = Math.min(MOST_DELAY_SECONDS, -packet.timestamp);
      if (++packets > MOST_PACKETS) this.#end("too long");
      // After one that is empty, the demuxer may stand still.
      if (packet.data.length === 0) this.#end("damaged");
      while (this.#cut === undefined && decoder.decodeQueueSize >= MOST_WAITING) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      if (this.#cut !== undefined) return true;
      const place = succession?.add(packet.data);
      if (place === "gap") return false;
      if (place === "tag") continue;
      decoder.decode(packet.toEncodedAudioChunk());
      this.#read += packet.byteLength;
      seconds = packet.timestamp + packet.duration;
      end = packet.data.byteOffset - this.#bytes.byteOffset + packet.byteLength;
    }
    if (succession) return succession.isWhole;
    return format !== FLAC || (await this.#isWholeFlac(end, seconds));
  }

  /** The demuxer ends in silence where it finds no packet: after so many octets and seconds. */
  async #isWholeFlac(end: number, seconds: number): Promise<boolean> {
    if (this.#bytes.length - end > MOST_TRAILER) return false;
    return ((await this.#track.getDurationFromMetadata()) ?? 0) - seconds <= MOST_MISSING_SECONDS;
  }

  #end(cut: Cut): void {
    this.#cut ??= cut;
    this.#wake();
  }

  #take(data: AudioData): void {
    try {
      if (this.#cut !== undefined || data.numberOfFrames === 0) return;
      const { sampleRate, numberOfChannels: channels } = data;
      const first = (this.#first ??= this.#begin(sampleRate, channels));
      if (first.sampleRate !== sampleRate || first.channels !== channels) return this.#end("changed");
      const planes = Array.from({ length: channels }, (_, planeIndex) => {
        const samples = new Float32Array(data.numberOfFrames);
        data.copyTo(samples, { planeIndex, format: "f32-planar" });
        return samples;
      });
      if (!first.chunks.add(planes)) this.#end("too long");
    } catch {
      this.#end("damaged");
    } finally {
      data.close();
    }
  }

  #begin(sampleRate: number, channels: number) {
    this.#say({ kind: "format", sampleRate, channels, codec: this.#codec }, []);
    const chunks = new Chunks(channels, Math.round(this.#delay * sampleRate), (samples) => {
      this.#say({ kind: "chunk", samples, part: Math.min(1, this.#read / this.#bytes.length) }, [samples.buffer]);
    });
    return { sampleRate, channels, chunks };
  }
}
