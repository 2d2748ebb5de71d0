// Recordings: headers that lie, samples of every kind, the speed, the waveform and the schedule.
import assert from "node:assert/strict";
import { test } from "node:test";
import { headerless, parseAu } from "../src/audio/au.ts";
import { Engine, type Output } from "../src/audio/engine.ts";
import { A_LAW, MU_LAW } from "../src/audio/g711.ts";
import { mixed } from "../src/audio/mix.ts";
import { pcmSource, UnplayableError, type PcmSource } from "../src/audio/pcm.ts";
import { computePeaks } from "../src/audio/peaks.ts";
import { audioSource } from "../src/audio/source.ts";
import { Stretcher } from "../src/audio/stretch.ts";
import { isWav, parseWav } from "../src/audio/wav.ts";
import { wav, type WavOptions } from "./fake/recordings.ts";

const PCM16: WavOptions = { tag: 1, bits: 16, channels: 1, rate: 8000, data: new Uint8Array([0, 0x40, 0, 0xc0, 0xff, 0x7f, 0, 0x80]) };
const first = (source: PcmSource, count = source.frames) => [...(source.read(0, count)[0] ?? [])];
const changed = (bytes: Uint8Array<ArrayBuffer>, change: (view: DataView) => void) => (change(new DataView(bytes.buffer)), bytes);
const refused = (bytes: Uint8Array, words: RegExp) =>
  assert.throws(() => parseWav(bytes), (error) => error instanceof UnplayableError && words.test(error.message));

test("mu-law and A-law give the values of the standard", () => {
  // Taken from another program: every eighth value, and sums over all 256 of them.
  const mu = [-32124, -23932, -15996, -11900, -7932, -5884, -3900, -2876, -1884, -1372, -876, -620, -372, -244, -120, -56, 32124, 23932, 15996, 11900, 7932, 5884, 3900, 2876, 1884, 1372, 876, 620, 372, 244, 120, 56];
  const a = [-5504, -7552, -2752, -3776, -22016, -30208, -11008, -15104, -344, -472, -88, -216, -1376, -1888, -688, -944, 5504, 7552, 2752, 3776, 22016, 30208, 11008, 15104, 344, 472, 88, 216, 1376, 1888, 688, 944];
  const values = (table: Float32Array) => [...table].map((value) => value * 32768);
  const eighths = (table: Float32Array) => values(table).filter((_, i) => i % 8 === 0);
  const weighted = (table: Float32Array) => values(table).reduce((sum, value, i) => sum + value * (i + 1), 0);
  assert.deepEqual(eighths(MU_LAW), mu);
  assert.deepEqual(eighths(A_LAW), a);
  assert.equal(weighted(MU_LAW), 98107392);
  assert.equal(weighted(A_LAW), 100139008);
});

test("samples of every width and kind are read", () => {
  const read = (data: number[], encoding: Parameters<typeof pcmSource>[1]["encoding"], sampleBytes: number, littleEndian = true) =>
    first(pcmSource(new Uint8Array(data), { encoding, channels: 1, sampleRate: 8000, sampleBytes, littleEndian }));
  const floats = new Uint8Array(new Float32Array([0.25, NaN, Infinity, -7]).buffer);
  const doubles = new Uint8Array(new Float64Array([-0.75, -Infinity]).buffer);
  assert.deepEqual(read([128, 0, 192], "unsigned 8", 1), [0, -1, 0.5]);
  assert.deepEqual(read([0, 0x40, 0, 0xc0], "signed 16", 2), [0.5, -0.5]);
  assert.deepEqual(read([0, 0, 0x40, 0, 0, 0x80], "signed 24", 3), [0.5, -1]);
  assert.deepEqual(read([0x40, 0, 0, 0x80, 0, 0], "signed 24", 3, false), [0.5, -1]);
  assert.deepEqual(read([0, 0, 0, 0xc0], "signed 32", 4), [-0.5]);
  assert.deepEqual(read([...floats], "float 32", 4), [0.25, 0, 1, -1]);
  assert.deepEqual(read([...doubles], "float 64", 8), [-0.75, -1]);
  assert.deepEqual(read([0xff, 0, 0x40], "signed 16", 3), [0.5], "padding lies in front of the sample");
});

test("the channels of a frame are taken apart, and what is outside of the recording is silence", () => {
  const source = parseWav(wav({ ...PCM16, channels: 2 }));
  assert.equal(source.frames, 2);
  const [left, right] = source.read(-1, 4);
  assert.deepEqual([...(left ?? [])], [0, 0.5, 32767 / 32768, 0]);
  assert.deepEqual([...(right ?? [])], [0, -0.5, -1, 0]);
});

test("a size of samples that lies is cut to what is there", () => {
  for (const size of [0xffff_ffff, 0x7fff_ffff, 9, 0]) {
    const source = parseWav(changed(wav(PCM16), (view) => view.setUint32(40, size, true)));
    assert.equal(source.frames, 4, `size ${size}`);
  }
  const source = parseWav(changed(wav(PCM16), (view) => view.setUint32(40, 4, true)));
  assert.equal(source.frames, 2, "a smaller size holds");
});

test("a chunk of samples that is empty before another chunk stays empty", () => {
  const list = [...new TextEncoder().encode("LIST"), 4, 0, 0, 0, 1, 2, 3, 4];
  const bytes = changed(wav({ ...PCM16, data: new Uint8Array(list) }), (view) => view.setUint32(40, 0, true));
  assert.equal(parseWav(bytes).frames, 0);
});

test("chunks of odd sizes and unknown names are passed over", () => {
  const plain = wav(PCM16);
  const junk = new Uint8Array([...new TextEncoder().encode("junk"), 3, 0, 0, 0, 1, 2, 3, 0]);
  const bytes = new Uint8Array([...plain.subarray(0, 12), ...junk, ...plain.subarray(12)]);
  assert.deepEqual(first(parseWav(bytes)), first(parseWav(plain)));
});

test("a header that is no recording's is refused in words", () => {
  refused(changed(wav(PCM16), (view) => view.setUint16(22, 65535, true)), /65535 channels/);
  refused(changed(wav(PCM16), (view) => view.setUint16(22, 0, true)), /0 channels/);
  refused(changed(wav(PCM16), (view) => view.setUint32(24, 0, true)), /0 samples a second/);
  refused(changed(wav(PCM16), (view) => view.setUint32(24, 0xffff_ffff, true)), /4294967295 samples a second/);
  refused(changed(wav(PCM16), (view) => view.setUint16(34, 0, true)), /samples of 0 bits/);
  refused(changed(wav(PCM16), (view) => view.setUint16(34, 65535, true)), /samples of 65535 bits/);
  refused(changed(wav(PCM16), (view) => view.setUint32(16, 4, true)), /cut off/);
  refused(changed(wav(PCM16), (view) => view.setUint32(16, 0xffff_ffff, true)), /no samples/);
  refused(wav(PCM16).subarray(0, 36), /no samples/);
  refused(wav(PCM16).subarray(0, 12), /doesn't say the format/);
  refused(changed(wav(PCM16), (view) => view.setUint32(0, 0x52494658)), /big-endian/);
});

test("a codec that browsers don't decode is named", () => {
  refused(wav({ ...PCM16, tag: 0x31 }), /GSM 6\.10/);
  refused(wav({ ...PCM16, tag: 2 }), /Microsoft ADPCM/);
  refused(wav({ ...PCM16, tag: 0x1234 }), /0x1234/);
});

test("no header of WAV makes the parser throw anything but its own error", () => {
  let seed = 7;
  const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff;
  for (let round = 0; round < 5000; round++) {
    const bytes = wav({ ...PCM16, data: new Uint8Array(64) });
    for (let i = 0; i < 6; i++) bytes[12 + Math.floor(random() * 60)] = Math.floor(random() * 256);
    try {
      const source = parseWav(bytes.subarray(0, 12 + Math.floor(random() * 100)));
      source.read(0, Math.min(source.frames, 100));
    } catch (error) {
      assert.ok(error instanceof UnplayableError, String(error));
    }
  }
});

test("a million empty chunks end soon", () => {
  const bytes = new Uint8Array(8 * 1024 * 1024);
  bytes.set(wav(PCM16).subarray(0, 12));
  refused(bytes, /doesn't say the format/);
});

test("the extensible format and RF64 are read", () => {
  const plain = wav(PCM16);
  const format = new Uint8Array(48);
  format.set(plain.subarray(12, 36));
  const view = new DataView(format.buffer);
  view.setUint32(4, 40, true);
  view.setUint16(8, 0xfffe, true);
  view.setUint16(8 + 24, 7, true);
  const bytes = new Uint8Array([...new TextEncoder().encode("RF64"), ...plain.subarray(4, 12), ...format, ...plain.subarray(36)]);
  assert.ok(isWav(bytes));
  assert.equal(parseWav(bytes).codec, "G.711 mu-law");
  assert.equal(parseWav(bytes).frames, 8);
});

test("twelve bits in two octets and twenty in three are their upper bits", () => {
  assert.deepEqual(first(parseWav(changed(wav(PCM16), (view) => view.setUint16(34, 12, true)))).slice(0, 2), [0.5, -0.5]);
  const data = new Uint8Array([0, 0, 0x40]);
  const twenty = changed(wav({ ...PCM16, bits: 24, data }), (view) => view.setUint16(34, 20, true));
  assert.deepEqual(first(parseWav(twenty)), [0.5]);
});

test("AU files and samples without a header are read", async () => {
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  [0x2e736e64, 24, 0xffff_ffff, 1, 8000, 1].forEach((word, i) => view.setUint32(4 * i, word));
  bytes.fill(0x80, 24);
  assert.deepEqual(first(parseAu(bytes)), Array(4).fill(32124 / 32768));
  view.setUint32(12, 99);
  assert.throws(() => parseAu(bytes), UnplayableError);
  assert.equal(headerless(new Uint8Array(3), "a/b.ALAW")?.codec, "G.711 A-law");
  assert.equal(headerless(new Uint8Array(3), "a.ul")?.frames, 3);
  assert.equal(headerless(new Uint8Array(3), "a.wav"), undefined);
});

test("a recording without samples isn't played", async () => {
  const decode = () => Promise.reject(new Error("not asked"));
  await assert.rejects(audioSource(wav({ ...PCM16, data: new Uint8Array(0) }), "a.wav", decode), UnplayableError);
});

function tone(hertz: number, seconds: number, rate = 8000, channels = 1): PcmSource {
  return {
    sampleRate: rate,
    channels,
    frames: seconds * rate,
    codec: "tone",
    read: (start, count) =>
      Array.from({ length: channels }, () =>
        Float32Array.from({ length: count }, (_, i) => (start + i < 0 || start + i >= seconds * rate ? 0 : Math.sin((2 * Math.PI * hertz * (start + i)) / rate))),
      ),
  };
}

function stretched(source: PcmSource, speed: number): Float32Array {
  const stretcher = new Stretcher(source, 0, speed);
  const parts: number[] = [];
  for (let piece = stretcher.next(2000); piece; piece = stretcher.next(2000)) parts.push(...(piece.channels[0] ?? []));
  return Float32Array.from(parts);
}

/** By the places where it rises through zero. */
function pitch(samples: Float32Array, rate: number): number {
  const rises: number[] = [];
  for (let i = 1; i < samples.length; i++) {
    const [before = 0, after = 0] = [samples[i - 1], samples[i]];
    if (before < 0 && after >= 0) rises.push(i - 1 + before / (before - after));
  }
  const [start = 0, end = 0] = [rises[0], rises.at(-1)];
  return ((rises.length - 1) * rate) / (end - start);
}

test("another speed keeps the pitch and changes the duration", () => {
  for (const rate of [8000, 44100]) {
    for (const speed of [0.5, 0.75, 1, 1.25, 1.5, 2, 2.5]) {
      const samples = stretched(tone(440, 3, rate), speed);
      const name = `${speed} times at ${rate}`;
      assert.ok(Math.abs(samples.length / rate - 3 / speed) < 0.1, `${name}: ${samples.length / rate} s`);
      const heard = pitch(samples.subarray(rate / 10, samples.length - rate / 10), rate);
      assert.ok(Math.abs(heard - 440) < 6, `${name}: ${heard} Hz`);
    }
  }
});

test("another speed makes no clicks: the tone stays as loud as it was", () => {
  const samples = stretched(tone(440, 2), 1.5);
  const steps = samples.subarray(800, -800).map((sample, i, all) => Math.abs(sample - (all[i - 1] ?? sample)));
  assert.ok(Math.max(...steps) < 0.45, `the largest step is ${Math.max(...steps)}`);
  for (let at = 800; at + 400 < samples.length - 800; at += 400) {
    const loudest = Math.max(...samples.subarray(at, at + 400));
    assert.ok(loudest > 0.85 && loudest < 1.05, `${loudest} at ${at}`);
  }
});

test("at its own speed a recording is what it is", () => {
  const source = tone(300, 1);
  assert.deepEqual(stretched(source, 1), source.read(0, source.frames)[0]);
});

test("the waveform has each column's lowest and highest sample", () => {
  const samples = new Float32Array(1000);
  samples[10] = 1;
  samples[999] = -1;
  const source: PcmSource = { sampleRate: 8000, channels: 1, frames: 1000, codec: "", read: (start, count) => [samples.slice(start, start + count)] };
  const work = computePeaks(source, 100);
  let step = work.next();
  while (!step.done) step = work.next();
  const { lowest, highest, done } = step.value;
  assert.equal(done, 100);
  assert.equal(highest[0]?.[1], 1);
  assert.equal(lowest[0]?.[99], -1);
  assert.equal(highest[0]?.reduce((sum, value) => sum + value), 1);
});

test("one side of a call is heard alone, and many sides become one", () => {
  const [left, right] = [Float32Array.of(1, 0), Float32Array.of(0, 1)];
  assert.deepEqual(mixed([left, right], "all"), [left, right]);
  assert.deepEqual(mixed([left, right], 1), [right]);
  assert.deepEqual(mixed([left, right, left, right], "all"), [Float32Array.of(0.5, 0.5)]);
});

/** A loudspeaker whose clock the test turns. */
class FakeOutput implements Output {
  now = 0;
  started: { when: number; frames: number; isStopped: boolean }[] = [];
  start(channels: Float32Array[], when: number) {
    assert.ok(when >= this.now, "nothing starts in the past");
    const piece = { when, frames: channels[0]?.length ?? 0, isStopped: false };
    this.started.push(piece);
    return { stop: () => (piece.isStopped = true) };
  }
  setVolume() {}
  resume = () => Promise.resolve();
  suspend = () => Promise.resolve();
  close() {}
}

function engineOf(source: PcmSource) {
  const output = new FakeOutput();
  let tick: (() => void) | undefined;
  const engine = new Engine(source, output, (_, run) => ((tick = run), () => (tick = undefined)));
  const pass = (seconds: number) => {
    for (const end = output.now + seconds; output.now < end; ) {
      output.now = Math.min(end, output.now + 0.1);
      tick?.();
    }
  };
  return { engine, output, pass };
}

const near = (value: number, wanted: number, within = 0.06) => assert.ok(Math.abs(value - wanted) < within, `${value} isn't ${wanted}`);

test("the position follows the clock, and pieces join without a gap", () => {
  const { engine, output, pass } = engineOf(tone(440, 10));
  engine.play();
  pass(3);
  near(engine.position, 3);
  output.started.forEach((piece, i) => {
    const before = output.started[i - 1];
    if (before) assert.ok(Math.abs(piece.when - before.when - before.frames / 8000) < 1e-9);
  });
});

test("only little is scheduled ahead", () => {
  const { engine, output } = engineOf(tone(440, 3600));
  engine.play();
  assert.ok(output.started.length < 10);
});

test("a pause keeps the place, and seeking stops what was scheduled", () => {
  const { engine, output, pass } = engineOf(tone(440, 60));
  engine.play();
  pass(2);
  engine.pause();
  const place = engine.position;
  pass(5);
  assert.equal(engine.position, place);
  assert.ok(output.started.every(({ isStopped, when, frames }) => isStopped || when + frames / 8000 <= 2.1));
  engine.play();
  engine.seek(30);
  near(engine.position, 30);
  pass(1);
  near(engine.position, 31);
  engine.seek(Number.NaN);
  near(engine.position, 0);
  engine.seek(1e9);
  near(engine.position, 60);
});

test("at one and a half times the speed the position goes on one and a half times as fast", () => {
  const { engine, pass } = engineOf(tone(440, 60));
  engine.play();
  pass(2);
  engine.setSpeed(1.5);
  near(engine.position, 2);
  pass(4);
  near(engine.position, 8, 0.1);
});

test("it ends at the end, and plays from the start again", () => {
  const { engine, pass } = engineOf(tone(440, 1));
  let changes = 0;
  engine.onchange = () => changes++;
  engine.play();
  pass(2);
  assert.equal(engine.state, "ended");
  near(engine.position, 1, 1e-6);
  engine.play();
  near(engine.position, 0);
  assert.ok(changes >= 3);
});

test("after it was closed nothing plays", () => {
  const { engine, output, pass } = engineOf(tone(440, 10));
  engine.play();
  engine.close();
  assert.ok(output.started.every(({ isStopped }) => isStopped));
  const { length } = output.started;
  pass(2);
  assert.equal(output.started.length, length);
});
