// Calls, keys and archives for the tests, made by the real program, openssl and sox-like code.

import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** The program that was just built. */
export const PROGRAM = path.resolve(process.env["CALLSEAL"] ?? "../target/debug/callseal");

/** A directory of its own, which goes with the test. */
export class Scene {
  readonly directory = mkdtempSync(path.join(tmpdir(), "callseal-scene-"));

  path(...names: readonly string[]): string {
    return path.join(this.directory, ...names);
  }

  write(name: string, content: string | Uint8Array): string {
    const file = this.path(name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  }

  append(name: string, text: string): void {
    appendFileSync(this.path(name), text);
  }

  callseal(...parameters: readonly string[]): string {
    const environment = { ...process.env, CALLSEAL_CONFIG: "/dev/null" };
    return execFileSync(PROGRAM, parameters, { cwd: this.directory, env: environment, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  /** Runs the program, which may well refuse something. Returns whether it did not. */
  tries(...parameters: readonly string[]): boolean {
    try {
      this.callseal(...parameters);
      return true;
    } catch {
      return false;
    }
  }

  openssl(...parameters: readonly string[]): void {
    execFileSync("openssl", parameters, { cwd: this.directory, stdio: ["ignore", "ignore", "pipe"] });
  }

  /** Makes NAME.key and NAME.crt. */
  keygen(name: string, ...options: readonly string[]): void {
    this.callseal("keygen", "--name", name, "--no-passphrase", ...options);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The formats of WAV files (RFC 2361). */
export type WavFormat = "pcm16" | "alaw" | "mulaw";

/** Returns a WAV file of 8 kHz, one channel. */
export function wav(samples: Uint8Array | Int16Array, format: WavFormat): Uint8Array {
  const octets = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  const file = new Uint8Array(44 + octets.length);
  const view = new DataView(file.buffer);
  const text = (at: number, value: string) => [...value].forEach((character, i) => (file[at + i] = character.charCodeAt(0)));
  const width = format === "pcm16" ? 2 : 1;
  text(0, "RIFF");
  view.setUint32(4, 36 + octets.length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, { pcm16: 1, alaw: 6, mulaw: 7 }[format], true);
  view.setUint16(22, 1, true);
  view.setUint32(24, 8000, true);
  view.setUint32(28, 8000 * width, true);
  view.setUint16(32, width, true);
  view.setUint16(34, 8 * width, true);
  text(36, "data");
  view.setUint32(40, octets.length, true);
  file.set(octets, 44);
  return file;
}

/** Returns a tone of so many seconds, 16 bits. */
export function tone(seconds: number, frequency = 440): Int16Array {
  return Int16Array.from({ length: Math.floor(8000 * seconds) }, (_, i) => Math.round(12000 * Math.sin((2 * Math.PI * frequency * i) / 8000)));
}
