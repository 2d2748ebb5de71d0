// What a file of keys and certificates holds: PEM with any text around it, or DER.

import { type Bytes, decodeLossily } from "../bytes/bytes.ts";
import { BIT_STRING, Element, INTEGER, OCTET_STRING, OID, SEQUENCE } from "../der/ber.ts";
import { Fault } from "../fault.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { openSshKey } from "./openssh.ts";
import { type LockedKey, parseLocked } from "./pbes2.ts";
import { type PrivateKey, fromPkcs1, fromPkcs8, fromSec1 } from "./private_key.ts";

export type KeyFileItem =
  | { readonly kind: "key"; readonly key: PrivateKey }
  | { readonly kind: "locked"; readonly key: LockedKey }
  | { readonly kind: "certificate"; readonly certificate: Certificate };

/** Keys and certificates are small. What is larger is another file. */
const MOST_BYTES = 4 * 1024 * 1024;
/** A bundle of certificate authorities has some 150. */
const MOST_BLOCKS = 1000;

/** A file of more locked keys would ask for as many passphrases. */
const MOST_LOCKED = 16;

const wrongFile = () =>
  new Fault(
    "malformed",
    "it holds neither a private key nor a certificate that this page reads",
    "drop a key in PEM (PKCS#8, PKCS#1 or EC), a certificate, or an archive (.zip)",
  );

export async function readKeyFile(octets: Bytes): Promise<KeyFileItem[]> {
  if (octets.length === 0) throw new Fault("malformed", "it is empty", "copy the file again");
  if (octets.length > MOST_BYTES) throw wrongFile();
  const text = decodeLossily(octets);
  if (!text.includes(BEGIN)) return [await readDer(octets, text)];
  const blocks = pemBlocks(text);
  const items: KeyFileItem[] = [];
  let ignored: Fault | undefined;
  for (const { label, body } of blocks) {
    // The curve alone; the key names it as well.
    if (label === "EC PARAMETERS") continue;
    try {
      items.push(await readBlock(label, body));
    } catch (error) {
      // A file of several keys may hold one that is of no use here.
      if (!(error instanceof Fault) || error.kind !== "unsupported" || blocks.length === 1) throw error;
      ignored = error;
    }
  }
  if (items.length === 0) throw ignored ?? wrongFile();
  if (items.filter(({ kind }) => kind === "locked").length > MOST_LOCKED) throw new Fault("unsupported", `it holds more than ${MOST_LOCKED} locked keys`, "drop the keys that you need");
  return items;
}

const BEGIN = "-----BEGIN ";

/** Returns the blocks of PEM (RFC 7468), with any text between them. */
function pemBlocks(text: string): { label: string; body: string }[] {
  const blocks: { label: string; body: string }[] = [];
  for (let begin = text.indexOf(BEGIN); begin >= 0; begin = text.indexOf(BEGIN, begin)) {
    const labelEnd = text.indexOf("-----", begin + BEGIN.length);
    const label = text.slice(begin + BEGIN.length, labelEnd);
    const end = labelEnd < 0 ? -1 : text.indexOf(`-----END ${label}-----`, labelEnd);
    if (end < 0 || label.length > 64) {
      throw new Fault("malformed", "its END line is missing or another one", "copy the file again; whole lines, from BEGIN to END");
    }
    blocks.push({ label, body: text.slice(labelEnd + 5, end) });
    if (blocks.length > MOST_BLOCKS) throw wrongFile();
    begin = end;
  }
  return blocks;
}

async function readBlock(label: string, body: string): Promise<KeyFileItem> {
  if (/^Proc-Type: 4,ENCRYPTED/m.test(body)) {
    throw new Fault(
      "unsupported",
      "it is locked in the old way of PEM (Proc-Type: 4,ENCRYPTED), which the page doesn't support",
      "lock it anew: `openssl pkcs8 -topk8 -v2 aes256 -in KEY -out new.key`",
    );
  }
  switch (label) {
    case "PRIVATE KEY":
      return { kind: "key", key: await fromPkcs8(decode(body)) };
    case "RSA PRIVATE KEY":
      return { kind: "key", key: await fromPkcs1(decode(body)) };
    case "EC PRIVATE KEY":
      return { kind: "key", key: await fromSec1(decode(body)) };
    case "ENCRYPTED PRIVATE KEY":
      return { kind: "locked", key: parseLocked(decode(body)) };
    case "CERTIFICATE":
    case "X509 CERTIFICATE":
    case "TRUSTED CERTIFICATE": // OpenSSL adds what it is trusted for
      return { kind: "certificate", certificate: await parseCertificate(decode(body)) };
    case "OPENSSH PRIVATE KEY":
      throw openSshKey(decode(body));
    case "PGP PRIVATE KEY BLOCK":
      throw openPgpKey();
    case "PGP PUBLIC KEY BLOCK":
      throw openPgpCertificate();
    default:
      throw new Fault("unsupported", `it is a ${label}, which the page doesn't use`, wrongFile().hint);
  }
}

const openPgpKey = () =>
  new Fault("unsupported", "it is an OpenPGP key, which the page doesn't support", "use the program: `callseal extract -k KEY`");

const openPgpCertificate = () =>
  new Fault("unsupported", "it is an OpenPGP certificate, which the page doesn't support", "drop your private key; `callseal verify` checks the signatures of such a certificate");

/** The types of OpenPGP packets that keys and certificates begin with (RFC 9580, section 5). */
const SECRET_KEY = 5;
const PUBLIC_KEY = 6;

/** Returns the type of a packet by its first octet (RFC 9580, section 4.2). */
const packetType = (octet: number) => (octet & 0xc0) === 0xc0 ? octet & 0x3f : octet & 0x80 ? (octet >> 2) & 0x0f : undefined;

function decode(body: string): Bytes {
  try {
    return Uint8Array.from(atob(body.replaceAll(/\s/g, "")), (character) => character.charCodeAt(0));
  } catch {
    throw new Fault("malformed", "its base64 is damaged", "copy the file again; whole lines, from BEGIN to END");
  }
}

/** Tells the kinds of DER apart by their first elements. */
async function readDer(octets: Bytes, text: string): Promise<KeyFileItem> {
  if (octets[0] !== SEQUENCE) {
    if (octets[0] === 0xfe && octets[1] === 0xed) throw keystore("a Java keystore", "keytool -importkeystore -srckeystore FILE -destkeystore keys.p12 -deststoretype pkcs12", ", then drop keys.p12");
    if (text.startsWith("PuTTY-User-Key-File")) {
      throw new Fault("unsupported", "it is a PuTTY key, which the page doesn't support", "in PuTTYgen, export it as an OpenSSH key; then `ssh-keygen -p -m PKCS8 -f COPY`");
    }
    const type = packetType(octets[0] ?? 0);
    if (type === SECRET_KEY) throw openPgpKey();
    if (type === PUBLIC_KEY) throw openPgpCertificate();
    throw wrongFile();
  }
  let first: readonly Element[];
  try {
    first = Element.whole(octets).children();
  } catch {
    throw wrongFile();
  }
  const tags = first.slice(0, 3).map((element) => element.tag);
  const is = (...expected: readonly number[]) => expected.every((tag, place) => tags[place] === tag);
  if (is(SEQUENCE, SEQUENCE, BIT_STRING)) return { kind: "certificate", certificate: await parseCertificate(octets) };
  if (is(SEQUENCE, OCTET_STRING)) return { kind: "locked", key: parseLocked(octets) };
  if (is(INTEGER, SEQUENCE, OCTET_STRING)) return { kind: "key", key: await fromPkcs8(octets) };
  if (is(INTEGER, INTEGER, INTEGER)) return { kind: "key", key: await fromPkcs1(octets) };
  if (is(INTEGER, OCTET_STRING)) return { kind: "key", key: await fromSec1(octets) };
  if (is(INTEGER, SEQUENCE) && first[0]!.content[0] === 3) {
    throw keystore("a PKCS#12 keystore (.p12, .pfx)", "openssl pkcs12 -legacy -aes256 -in FILE -nocerts -out my.key", "; OpenSSL 1.1 knows no `-legacy`");
  }
  if (is(OID)) throw new Fault("malformed", "it is a CMS message, not a key", "drop the archive that holds it");
  throw wrongFile();
}

const keystore = (what: string, command: string, more = "") =>
  new Fault("unsupported", `it is ${what}, which the page doesn't read`, `take the key out: \`${command}\`${more}`);
