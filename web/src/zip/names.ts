// From stored names to paths that are safe, by the rules of the program.

import { decodeUtf8, encodeUtf8, equal } from "../bytes/bytes.ts";
import { crc32 } from "./crc32.ts";

/** A member's path, or why its stored name is none. */
export type ReadName =
  | { readonly path: string; readonly isDirectory: boolean; readonly fault?: undefined }
  | { readonly path?: undefined; readonly isDirectory: boolean; readonly fault: string };

/** The endings of messages, as written by callseal and by other tools. */
const ENDING = /\.(?:pgp|gpg|asc|p7m|p7|cms|der|b64)$/i;

/** Separators are backslashes on MS-DOS (and Windows, which most writers call so), OS/2, NTFS and VFAT. */
const BACKSLASH_HOSTS = [0, 6, 10, 14];

/** The upper half of IBM's code page 437, which is ZIP's own (APPNOTE, appendix D). */
const UPPER =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
  "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";

/** The room for a stored name, of which the longest ending of messages takes four octets. */
const LONGEST = 0xffff - 4;

/** Returns why a path is not safe, to continue "the name"; `undefined` if it is. */
export function pathFault(path: string): string | undefined {
  if (path === "") return "is empty";
  // A character has three octets at most.
  const octets = 3 * path.length > LONGEST ? encodeUtf8(path).length : 0;
  if (octets > LONGEST) return `is ${octets + 4} bytes long as stored, more than 65,535`;
  if (/[\u0000-\u001f\u007f-\u009f]/.test(path)) return "has a control character";
  if (path.includes("\\")) return "has a backslash";
  if (path.startsWith("/")) return "is an absolute path";
  for (const component of path.split("/")) {
    if (component === "" || component === ".") return "has an empty component or a single dot as one";
    if (component === "..") return "has a parent component (..)";
  }
  return undefined;
}

/** Returns a name without one ending of messages, if it has one and a file name is left. */
export function withoutEnding(name: string): string {
  const path = name.replace(ENDING, "");
  return path === "" || path.endsWith("/") ? name : path;
}

interface NameField {
  readonly stored: Uint8Array;
  /** General purpose bit 11: the name is UTF-8. */
  readonly isUtf8: boolean;
  /** The system that it was made on (APPNOTE 4.4.2). */
  readonly host: number;
  /** A Unicode Path extra field. */
  readonly unicodePath: Uint8Array | undefined;
}

/** Reads a stored name: as it is if that is safe, else in the way that its writer meant. */
export function readName(field: NameField): ReadName {
  const text = decodeUtf8(field.stored);
  const plain = text === undefined ? { isDirectory: false, fault: "is not valid UTF-8" } : parse(text);
  if (plain.fault === undefined) return plain;
  return readOtherwise(field, text) ?? plain;
}

function readOtherwise(field: NameField, text: string | undefined): ReadName | undefined {
  let path = text;
  if (path === undefined) {
    if (field.isUtf8) return undefined;
    const unicode = unicodePathOf(field);
    path = unicode === undefined ? codePage437(field.stored) : decodeUtf8(unicode);
    if (path === undefined) return undefined;
  }
  if (BACKSLASH_HOSTS.includes(field.host)) path = path.replaceAll("\\", "/");
  while (path.startsWith("./")) path = path.slice(2);
  const read = parse(path);
  return read.fault === undefined ? read : undefined;
}

function parse(stored: string): ReadName {
  const isDirectory = stored.endsWith("/");
  const path = isDirectory ? stored.slice(0, -1) : withoutEnding(stored);
  const fault = pathFault(path);
  return fault === undefined ? { path, isDirectory } : { isDirectory, fault };
}

/** Returns the Unicode Path that belongs to the name, if it is the same name in Unicode. */
function unicodePathOf({ stored, unicodePath }: NameField): Uint8Array | undefined {
  if (unicodePath === undefined || unicodePath.length < 5 || unicodePath[0] !== 1) return undefined;
  const crc = new DataView(unicodePath.buffer, unicodePath.byteOffset).getUint32(1, true);
  const path = unicodePath.subarray(5);
  const ascii = (octets: Uint8Array) => octets.filter((octet) => octet < 128);
  const isTheSame = decodeUtf8(stored) === undefined && equal(ascii(stored), ascii(path));
  return crc === crc32(stored) && isTheSame ? path : undefined;
}

/** Returns whether there is a Unicode Path that is another name. Not all readers check its CRC-32. */
export function hasSecondName(field: NameField): boolean {
  const { stored, unicodePath } = field;
  if (unicodePath === undefined) return false;
  return !equal(unicodePath.subarray(5), stored) && unicodePathOf(field) === undefined;
}

function codePage437(octets: Uint8Array): string {
  return Array.from(octets, (octet) => (octet < 128 ? String.fromCharCode(octet) : UPPER[octet - 128]!)).join("");
}
