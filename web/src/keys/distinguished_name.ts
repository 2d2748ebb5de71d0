// Distinguished names (RFC 5280, section 4.1.2.4): whether two are the same, and how people read them.

import { type Bytes, compare, concat, decodeUtf8, encodeUtf8, equal } from "../bytes/bytes.ts";
import { Element, OID, SEQUENCE, SET, encode } from "../der/ber.ts";
import { Fault } from "../fault.ts";

/** The types of strings, and how many octets a character has in them; 0 for UTF-8. */
const STRINGS: Readonly<Record<number, number>> = {
  0x0c: 0, // UTF8String
  0x13: 1, // PrintableString
  0x14: 1, // T61String, which everybody takes for Latin-1
  0x16: 1, // IA5String
  0x1a: 1, // VisibleString
  0x1c: 4, // UniversalString
  0x1e: 2, // BMPString
};
const NUMERIC_STRING = 0x12;
const UTF8_STRING = 0x0c;

const COMMON_NAME = "2.5.4.3";
/** What OpenSSL calls the attributes. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  [COMMON_NAME]: "CN",
  "2.5.4.4": "SN",
  "2.5.4.5": "serialNumber",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "street",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.12": "title",
  "2.5.4.13": "description",
  "2.5.4.15": "businessCategory",
  "2.5.4.17": "postalCode",
  "2.5.4.20": "telephoneNumber",
  "2.5.4.41": "name",
  "2.5.4.42": "GN",
  "2.5.4.43": "initials",
  "2.5.4.44": "generationQualifier",
  "2.5.4.45": "x500UniqueIdentifier",
  "2.5.4.46": "dnQualifier",
  "2.5.4.65": "pseudonym",
  "2.5.4.72": "role",
  "2.5.4.97": "organizationIdentifier",
  "1.2.840.113549.1.9.1": "emailAddress",
  "1.2.840.113549.1.9.2": "unstructuredName",
  "1.2.840.113549.1.9.8": "unstructuredAddress",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.3": "mail",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
  "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
  "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
};
/** What it calls others. */
const UNKNOWN = "UNDEF";

/** The length at which names are cut off, in characters: they are for people. */
const MOST_CHARACTERS = 100;

/** Returns a name as the program prints it: its first common name, else all of it. */
export function nameText(name: Element): string {
  const entries = name.children().flatMap((set) => set.children()).map(readEntry);
  const common = entries.find(({ type }) => type === COMMON_NAME)?.text;
  if (common !== undefined && common.trim() !== "") return shortened(common);
  const parts = entries.flatMap(({ type, text }) => (text === undefined ? [] : [`${SHORT_NAMES[type] ?? UNKNOWN}=${text}`]));
  return parts.length === 0 ? "certificate without a subject" : shortened(parts.join(", "));
}

function readEntry(attribute: Element): { type: string; text: string | undefined } {
  const parts = attribute.parts(SEQUENCE);
  const type = parts.take(OID).oid();
  return { type, text: textOf(parts.take()) };
}

function shortened(name: string): string {
  const characters = [...name];
  return characters.length <= MOST_CHARACTERS ? name : `${characters.slice(0, MOST_CHARACTERS).join("")}…`;
}

/** Returns whether two names are the same, however they are encoded: as OpenSSL compares them. */
export function isSameName(a: Bytes, b: Bytes): boolean {
  if (equal(a, b)) return true;
  try {
    return equal(canonical(a), canonical(b));
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}

/** RFC 5280, section 7.1, roughly: upper and lower case of ASCII, and all white space, count as one. */
function canonical(name: Bytes): Bytes {
  const sets = Element.whole(name).expect(SEQUENCE).children().map((set) => {
    const attributes = set.expect(SET).children().map((attribute) => {
      const parts = attribute.parts(SEQUENCE);
      const type = parts.take(OID);
      return encode(SEQUENCE, type.encoded, canonicalValue(parts.take()));
    });
    return encode(SET, ...attributes.sort(compare));
  });
  return concat(...sets);
}

function canonicalValue(value: Element): Bytes {
  if (STRINGS[value.tag] === undefined) return value.encoded;
  const text = textOf(value);
  if (text === undefined) throw new Fault("malformed", "a name can't be decoded");
  const words = text.replaceAll(/[ \t-\r]+/g, " ").replaceAll(/^ | $/g, "");
  return encode(UTF8_STRING, encodeUtf8(words.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())));
}

/** Returns the text of a string; `undefined` if it isn't one, or is malformed. */
function textOf({ tag, content }: Element): string | undefined {
  const width = tag === NUMERIC_STRING ? 1 : STRINGS[tag];
  if (width === undefined) return undefined;
  if (width === 0) return decodeUtf8(content);
  if (content.length % width !== 0) return undefined;
  let text = "";
  for (let at = 0; at < content.length; at += width) {
    const character = content.subarray(at, at + width).reduce((value, octet) => value * 256 + octet, 0);
    if (character > 0x10ffff || (character >= 0xd800 && character < 0xe000)) return undefined;
    text += String.fromCodePoint(character);
  }
  return text;
}
