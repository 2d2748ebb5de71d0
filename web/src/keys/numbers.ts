// Numbers of public-key cryptography.

import { type Bytes } from "../bytes/bytes.ts";

export function toBigInt(octets: Uint8Array): bigint {
  let value = 0n;
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  let at = octets.length % 8;
  for (let i = 0; i < at; i++) value = (value << 8n) | BigInt(octets[i]!);
  for (; at < octets.length; at += 8) value = (value << 64n) | view.getBigUint64(at);
  return value;
}

/** Returns so many octets, big-endian. The value must fit. */
export function toOctets(value: bigint, length: number): Bytes {
  const octets = new Uint8Array(length);
  let rest = value;
  for (let at = length - 1; at >= 0; at--, rest >>= 8n) octets[at] = Number(rest & 255n);
  return octets;
}

/** The number of a value's bits. */
export const bitLength = (value: bigint) => value.toString(2).length;

/** Returns base^exponent mod modulus, four bits of the exponent at a time. */
export function modPow(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const powers = [1n];
  for (let i = 1; i < 16; i++) powers.push((powers[i - 1]! * base) % modulus);
  let result = 1n;
  for (const digit of exponent.toString(16)) {
    result = (result * result) % modulus;
    result = (result * result) % modulus;
    result = (result * result) % modulus;
    result = (result * result) % modulus;
    // A zero is multiplied as well, so that the time says less of the exponent.
    result = (result * powers[Number.parseInt(digit, 16)]!) % modulus;
  }
  return result;
}

/** Removes leading zero octets. */
export function withoutZeros(octets: Bytes): Bytes {
  let at = 0;
  while (at < octets.length - 1 && octets[at] === 0) at++;
  return octets.subarray(at);
}
