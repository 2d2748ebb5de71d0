// Compressed recordings: what the demuxer and the browser's decoder may give, and what is kept of it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, test } from "node:test";
import { ChunkSource } from "../src/audio/compressed.ts";
import { Engine } from "../src/audio/engine.ts";
import { Chunks } from "../src/decoder/chunks.ts";
import { decode } from "../src/decoder/decode.ts";
import { CHUNK_FRAMES, type Decoded } from "../src/decoder/messages.ts";
import { CONTINUED, FIRST, LAST, SILENCE, endlessHeaders, page, silence } from "./browser/support/ogg.ts";

const FORMAT = { sampleRate: 8000, channels: 1, codec: "MP3" };
const recording = (name: string) => new Uint8Array(readFileSync(`tests/recordings/${name}`));

/** What the browser's decoder makes of one packet: samples of a rate, or an error. */
type Output = { readonly sampleRate: number; readonly samples: number[][] } | "error";

/** A decoder like the browser's, whose output is made up. */
function decoderThatGives(output: (packet: number) => Output): void {
  class Fake {
    static isConfigSupported = async () => ({ supported: true });
    decodeQueueSize = 0;
    state = "configured";
    #packets = 0;
    readonly #given: { output(data: unknown): void; error(error: Error): void };
    constructor(given: { output(data: unknown): void; error(error: Error): void }) {
      this.#given = given;
    }
    configure() {}
    decode() {
      if (this.state === "closed") throw new Error("it is closed");
      const made = output(this.#packets++);
      if (made === "error") {
        this.state = "closed";
        return this.#given.error(new Error("Decoding error."));
      }
      const { sampleRate, samples } = made;
      this.#given.output({
        sampleRate,
        numberOfChannels: samples.length,
        numberOfFrames: samples[0]?.length ?? 0,
        copyTo: (into: Float32Array, { planeIndex }: { planeIndex: number }) => into.set(samples[planeIndex]!),
        close() {},
      });
    }
    async flush() {}
    close() {
      this.state = "closed";
    }
  }
  Object.assign(globalThis, { AudioDecoder: Fake, EncodedAudioChunk: class {} });
}

afterEach(() => {
  for (const name of ["AudioDecoder", "EncodedAudioChunk"]) Reflect.deleteProperty(globalThis, name);
});

async function said(bytes: Uint8Array<ArrayBuffer>): Promise<Decoded[]> {
  const messages: Decoded[] = [];
  await decode(bytes, (message) => messages.push(message));
  return messages;
}

const samplesOf = (messages: readonly Decoded[]) => messages.flatMap((message) => (message.kind === "chunk" ? [...message.samples] : []));

test("without a decoder in the browser, the message names the codec", async () => {
  for (const [name, codec] of [
    ["tone.mp3", "MP3"],
    ["tone.opus", "Opus"],
    ["tone.ogg", "Vorbis"],
    ["tone.flac", "FLAC"],
    ["tone.aac", "AAC"],
  ] as const) {
    const message = `its codec is ${codec}, and this browser decodes none for pages (it has no WebCodecs)`;
    assert.deepEqual(await said(recording(name)), [{ kind: "problem", message }], name);
  }
});

test("a codec that the browser doesn't know is named", async () => {
  decoderThatGives(() => "error");
  Object.assign((globalThis as { AudioDecoder?: object }).AudioDecoder!, { isConfigSupported: async () => ({ supported: false }) });
  assert.deepEqual(await said(recording("tone.aac")), [{ kind: "problem", message: "its codec is AAC, which this browser doesn't decode, or not as it's used there" }]);
});

test("what is no recording is refused in words", async () => {
  const [message] = await said(new Uint8Array(1000));
  assert.deepEqual(message, { kind: "problem", message: "it is damaged, or its format is none that this page knows" });
});

test("the samples of all packets follow one another, with the channels of a frame together", async () => {
  decoderThatGives((packet) => ({ sampleRate: 8000, samples: [[packet / 1024, 0.25], [-0.5, -0.25]] }));
  const messages = await said(recording("tone.flac"));
  assert.deepEqual(messages[0], { kind: "format", sampleRate: 8000, channels: 2, codec: "FLAC" });
  assert.deepEqual(samplesOf(messages).slice(0, 6), [0, -16_384, 8192, -8192, 32, -16_384]);
  assert.deepEqual(messages.at(-1), { kind: "end", cut: undefined });
});

test("packets without samples are passed over; a file of nothing else has no samples", async () => {
  decoderThatGives((packet) => ({ sampleRate: 8000, samples: [packet === 1 ? [0.5] : []] }));
  assert.deepEqual(samplesOf(await said(recording("tone.mp3"))), [16_384]);
  decoderThatGives(() => ({ sampleRate: 8000, samples: [[]] }));
  assert.deepEqual(await said(recording("tone.mp3")), [{ kind: "problem", message: "it has no samples" }]);
});

test("a sampling rate or number of channels that changes ends what is played", async () => {
  for (const second of [{ sampleRate: 16_000, samples: [[0.25]] }, { sampleRate: 8000, samples: [[0.25], [0.25]] }]) {
    decoderThatGives((packet) => (packet === 0 ? { sampleRate: 8000, samples: [[0.5]] } : second));
    const messages = await said(recording("tone.mp3"));
    assert.deepEqual(samplesOf(messages), [16_384]);
    assert.deepEqual(messages.at(-1), { kind: "end", cut: "changed" });
  }
});

test("an error in the middle keeps what came before it; one at the start leaves nothing", async () => {
  decoderThatGives((packet) => (packet < 2 ? { sampleRate: 8000, samples: [[0.5]] } : "error"));
  const messages = await said(recording("tone.mp3"));
  assert.deepEqual(samplesOf(messages), [16_384, 16_384]);
  assert.deepEqual(messages.at(-1), { kind: "end", cut: "damaged" });
  decoderThatGives(() => "error");
  assert.deepEqual(await said(recording("tone.mp3")), [{ kind: "problem", message: "it is damaged" }]);
});

test("a stream that is damaged in the middle isn't said to be whole", async () => {
  decoderThatGives(() => ({ sampleRate: 16_000, samples: [[0.5]] }));
  const tone = recording("tone.aac");
  const damaged = new Uint8Array(100_000);
  damaged.set(tone);
  assert.deepEqual((await said(damaged)).at(-1), { kind: "end", cut: "damaged" });
  assert.deepEqual((await said(tone)).at(-1), { kind: "end", cut: undefined });
});

const number32 = (value: number) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];
const ascii = (text: string) => [...Buffer.from(text, "latin1")];
/** A picture, with what could begin a packet of MP3. */
const picture = (length: number) => Array.from({ length }, (_, at) => (at % 1000 === 7 ? 0xff : at % 1000 === 8 ? 0xfb : 0x55));

function ape(length: number, { header = true } = {}): number[] {
  const ends = (isHeader: boolean) => [...ascii("APETAGEX"), ...number32(2000), ...number32(length + 32), ...number32(1), ...number32((header ? 2 ** 31 : 0) + (isHeader ? 2 ** 29 : 0)), ...Array(8).fill(0)];
  return [...(header ? ends(true) : []), ...picture(length), ...ends(false)];
}
const lyrics = (length: number) => [...ascii("LYRICSBEGIN"), ...picture(length), ...ascii(String(length + 11).padStart(6, "0")), ...ascii("LYRICS200")];
const id3v1 = [...ascii("TAG"), ...Array(125).fill(0x20)];
const id3v2 = (length: number) => {
  const size = [21, 14, 7, 0].map((shift) => (length >> shift) & 127);
  return [...ascii("ID3\x04\0\x10"), ...size, ...picture(length), ...ascii("3DI\x04\0\x10"), ...size];
};

for (const [what, tags] of [
  ["an APEv2 tag", ape(100_000)],
  ["an APEv2 tag without a header", ape(100_000, { header: false })],
  ["an APEv2 and an ID3v1 tag", [...ape(100_000), ...id3v1]],
  ["an APEv2 tag, lyrics and an ID3v1 tag", [...ape(100_000), ...lyrics(100_000), ...id3v1]],
  ["an ID3v2 tag", id3v2(100_000)],
] as const) {
  test(`${what} at the end of a recording is no damage`, async () => {
    decoderThatGives(() => ({ sampleRate: 8000, samples: [[0.5]] }));
    const tone = recording("tone.mp3");
    const whole = await said(tone);
    assert.deepEqual(await said(Uint8Array.from([...tone, ...tags])), whole);
    assert.deepEqual((await said(Uint8Array.from([...tone, ...Array(100_000).fill(0), ...tags]))).at(-1), { kind: "end", cut: "damaged" });
  });
}

test("a tag that says that it is longer than its file is none", async () => {
  decoderThatGives(() => ({ sampleRate: 8000, samples: [[0.5]] }));
  for (const length of [2 ** 31 - 100, 2 ** 32 - 32]) {
    const footer = [...ascii("APETAGEX"), ...number32(2000), ...number32(length), ...number32(1), ...number32(0), ...Array(8).fill(0)];
    assert.deepEqual((await said(Uint8Array.from([...recording("tone.mp3"), ...Array(100_000).fill(0), ...footer]))).at(-1), { kind: "end", cut: "damaged" });
  }
});

/** Plays packets of one sample each, and returns how many there were, and why not all. */
async function played(...parts: readonly Uint8Array[]): Promise<{ packets: number; cut: string | undefined }> {
  decoderThatGives(() => ({ sampleRate: 16_000, samples: [[0.5]] }));
  const messages = await said(new Uint8Array(Buffer.concat(parts)));
  const last = messages.at(-1)!;
  return { packets: samplesOf(messages).length, cut: last.kind === "problem" ? last.message : last.kind === "end" ? last.cut : "" };
}

const latin1 = (text: string) => Buffer.from(text, "latin1");
const ID3 = latin1(`ID3\x04\0\0\0\0\x3f\x7f${"\x11".repeat(8191)}`);
const APE = latin1(`APETAGEX\xd0\x07\0\0\xe0\x1f\0\0\x01\0\0\0\0\0\0\xa0${"\0".repeat(8)}${"\x11".repeat(8160)}`);
const ID3V1 = latin1(`TAG${"\x11".repeat(125)}`);

for (const name of ["tone.mp3", "tone.aac"]) {
  test(`tags after ${name}, and a packet that is cut off, are no damage; anything else is`, async () => {
    const tone = recording(name);
    const whole = await played(tone);
    assert.equal(whole.cut, undefined);
    for (const tags of [[ID3], [APE, ID3V1], [Buffer.alloc(8192)]]) assert.deepEqual(await played(tone, ...tags), whole);
    assert.deepEqual(await played(tone.subarray(0, -20)), { packets: whole.packets - 1, cut: undefined });
    assert.deepEqual(await played(tone, Buffer.alloc(2000, 0x11)), { ...whole, cut: "damaged" });
    assert.deepEqual(await played(tone, ID3V1, Buffer.alloc(2000, 0x11)), { ...whole, cut: "damaged" });
  });

  test(`${name} ends where something in its middle is damaged`, async () => {
    const tone = recording(name);
    const { packets } = await played(tone);
    assert.deepEqual(await played(tone, Buffer.alloc(400, 0x11), tone), { packets, cut: "damaged" });
    assert.deepEqual(await played(tone, Buffer.alloc(400), tone), { packets, cut: "damaged" });
  });
}

test("MP3 goes on after tags and a frame that says how many follow, and what is in tags is no sound", async () => {
  const tone = recording("tone.mp3");
  const { packets } = await played(tone);
  for (const between of [[ID3V1], [APE, ID3V1, ID3]]) assert.deepEqual(await played(tone, ...between, tone), { packets: 2 * packets, cut: undefined });
  const picture = Buffer.from(ID3);
  // The last frame of the tone stands in the tag.
  picture.set(tone.subarray(-144), 4000);
  assert.deepEqual(await played(tone, picture), { packets, cut: undefined });
});

test("an Ogg file without a last page is whole", async () => {
  const pages = silence(1, 3);
  assert.deepEqual(await played(...pages), { packets: 150, cut: undefined });
  assert.deepEqual(await played(...pages.slice(0, -1)), { packets: 100, cut: undefined });
  assert.deepEqual(await played(...pages, ID3V1), { packets: 150, cut: undefined });
  assert.deepEqual(await played(...pages.slice(0, -1), page(1, 4, LAST, [])), { packets: 100, cut: undefined });
});

test("an Ogg file ends where a page is damaged, missing, cut off or none of its streams", async () => {
  const [head, tags, first, second, third] = silence(1, 3) as [Buffer, Buffer, Buffer, Buffer, Buffer];
  const version = Buffer.from(second);
  version[4] = 1;
  for (const after of [
    [Buffer.alloc(second.length, 0x11), third],
    [Buffer.alloc(second.length), third],
    [third],
    [second.subarray(0, 100)],
    [version],
    [page(2, 3, 0, [SILENCE])],
    [page(1, 3, CONTINUED, [SILENCE])],
    [page(1, 3, 0, [Buffer.alloc(0), SILENCE])],
    [Buffer.alloc(100, 0x11)],
  ]) {
    assert.deepEqual(await played(head, tags, first, ...after), { packets: 50, cut: "damaged" });
  }
  assert.deepEqual(await played(head, tags, page(1, 2, LAST, [SILENCE]), second), { packets: 1, cut: "damaged" });
  // A packet that is larger than any sound.
  const endless = Array.from({ length: 20 }, (_, i) => page(1, i + 3, i === 0 ? 0 : CONTINUED, [], 255));
  assert.deepEqual(await played(head, tags, first, ...endless, page(1, 23, CONTINUED, [SILENCE])), { packets: 50, cut: "damaged" });
  // A broadcast was recorded from its middle.
  assert.deepEqual(await played(head, tags, second, third), { packets: 100, cut: undefined });
});

test("another stream of sound, after the first or beside it, isn't left out in silence", async () => {
  assert.deepEqual(await played(...silence(1, 1), ...silence(2, 3)), { packets: 50, cut: "another stream" });
  assert.deepEqual(await played(...silence(1, 1), ...silence(1, 3)), { packets: 50, cut: "another stream" });
  const [one, two] = [silence(1, 1), silence(2, 1)];
  assert.deepEqual(await played(one[0]!, two[0]!, ...one.slice(1), ...two.slice(1)), { packets: 50, cut: "another stream" });
  // What is in this one is no sound.
  const other = page(2, 0, FIRST, [latin1("fishead\0")]);
  assert.deepEqual(await played(one[0]!, other, ...one.slice(1)), { packets: 50, cut: undefined });
});

test("an Ogg file of many streams or large headers is refused", async () => {
  const refused = (cut: string) => ({ packets: 0, cut });
  assert.deepEqual(await played(endlessHeaders(3)), refused("it is damaged"));
  const streams = (count: number) => Array.from({ length: count }, (_, serial) => silence(serial, 1));
  const together = (count: number) => [...streams(count).map(([head]) => head!), ...streams(count).flatMap((pages) => pages.slice(1))];
  assert.deepEqual(await played(...together(9)), refused("it has too many streams"));
  assert.deepEqual(await played(...together(8)), { packets: 50, cut: "another stream" });
  const [head, , ...sound] = silence(1, 1);
  const large = (pages: number) => [
    page(1, 1, 0, [], 255),
    ...Array.from({ length: pages - 2 }, (_, i) => page(1, i + 2, CONTINUED, [], 255)),
    page(1, pages, CONTINUED, [SILENCE]),
  ];
  assert.deepEqual(await played(head!, ...large(10), ...sound), { packets: 50, cut: undefined });
  assert.deepEqual(await played(head!, ...large(20), ...sound), refused("its headers are too large"));
});

test("a file that ends before the time that it says isn't said to be whole", async () => {
  decoderThatGives(() => ({ sampleRate: 8000, samples: [[0.5]] }));
  const tone = recording("tone.flac");
  assert.deepEqual((await said(tone)).at(-1), { kind: "end", cut: undefined });
  // Half of it is padding.
  const messages = await said(tone.slice(0, Math.floor(0.65 * tone.length)));
  assert.ok(samplesOf(messages).length >= 4, "what is there is kept");
  assert.deepEqual(messages.at(-1), { kind: "end", cut: "damaged" });
});

test("samples beyond the loudest ones, and what is no number, are bounded", () => {
  const chunks: number[] = [];
  const kept = new Chunks(1, 0, (chunk) => chunks.push(...chunk));
  kept.add([Float32Array.of(1, -1, 7, -7, Infinity, -Infinity, NaN, 0.5)]);
  kept.finish();
  assert.deepEqual(chunks, [32_767, -32_768, 32_767, -32_768, 32_767, -32_768, 0, 16_384]);
});

test("the encoder's delay isn't kept, however many packets it has", () => {
  const samples: number[] = [];
  const kept = new Chunks(1, 3, (chunk) => samples.push(...chunk));
  for (const packet of [[0.1, 0.2], [0.3, 0.5], [0.25]]) kept.add([Float32Array.from(packet)]);
  kept.finish();
  assert.deepEqual(samples, [16_384, 8192]);
});

test("no more samples are kept than there is room for", () => {
  const sizes: number[] = [];
  const kept = new Chunks(2, 0, (chunk) => sizes.push(chunk.length), 4 * CHUNK_FRAMES + 10);
  const packet = [new Float32Array(CHUNK_FRAMES), new Float32Array(CHUNK_FRAMES)];
  assert.deepEqual([kept.add(packet), kept.add(packet), kept.add(packet)], [true, true, false]);
  kept.finish();
  assert.deepEqual(sizes, [2 * CHUNK_FRAMES, 2 * CHUNK_FRAMES, 10]);
});

test("samples are read over the seams of chunks, and what is outside of them is silence", () => {
  const source = new ChunkSource({ ...FORMAT, channels: 2 });
  const first = new Int16Array(2 * CHUNK_FRAMES);
  first.set([3 * 8192, -8192], 2 * CHUNK_FRAMES - 2);
  source.add(first, 0.5);
  source.add(Int16Array.of(16_384, -16_384), 1);
  assert.equal(source.frames, CHUNK_FRAMES + 1);
  assert.deepEqual(source.read(CHUNK_FRAMES - 2, 4).map((lane) => [...lane]), [[0, 0.75, 0.5, 0], [0, -0.25, -0.5, 0]]);
  assert.deepEqual(source.read(-1, 2).map((lane) => [...lane]), [[0, 0], [0, 0]]);
});

test("what isn't decoded yet is waited for, and no recording ends there", () => {
  const source = new ChunkSource(FORMAT);
  source.add(new Int16Array(4000), 0.5);
  let now = 0;
  let tick = () => {};
  let given = 0;
  const output = {
    get now() {
      return now;
    },
    start: ([samples]: Float32Array[]) => ((given += samples!.length), { stop() {} }),
    setVolume() {},
    resume: async () => {},
    suspend: async () => {},
    close() {},
  };
  const engine = new Engine(source, output, (_, callback) => ((tick = callback), () => {}));
  engine.play();
  now = 10;
  tick();
  assert.deepEqual([engine.state, engine.isWaiting, engine.duration, given], ["playing", true, 0.5, 2000]);
  source.add(new Int16Array(4000), 1);
  source.end(undefined);
  tick();
  assert.deepEqual([engine.isWaiting, engine.duration, given], [false, 1, 8000]);
  now = 20;
  tick();
  assert.equal(engine.state, "ended");
});
