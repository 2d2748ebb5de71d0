// Numbers of public-key cryptography.

import { type Bytes, hex } from "../bytes/bytes.ts";

/** Digits take a time that grows with their number; shifting them in one by one would take its square. */
export const toBigInt = (octets: Uint8Array): bigint => BigInt(`0x0${hex(octets)}`);

/** Returns so many octets, big-endian. The value must fit. */
export function toOctets(value: bigint, length: number): Bytes {
  const octets = new Uint8Array(length);
  let rest = value;
  for (let at = length - 1; at >= 0; at--, rest >>= 8n) octets[at] = Number(rest & 255n);
  return octets;
}

/** The number of the bits of a number, big-endian. */
export function bitLength(octets: Bytes): number {
  const number = withoutZeros(octets);
  return number.length === 0 ? 0 : 8 * number.length - (Math.clz32(number[0]!) - 24);
}

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
