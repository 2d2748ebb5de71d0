// Who can open a message, for people.

import { beginsCms } from "../cms/message.ts";
import { cmsRecipients } from "../cms/recipients.ts";
import { type Keyring } from "../keys/keyring.ts";
import { describe, type Named } from "../keys/named.ts";
import { type Beginning } from "../openpgp/front.ts";
import { type RecipientShown } from "./protocol.ts";
import { type OpenArchive } from "../archive/open_archive.ts";

/** The recipients of a CMS message have at most 512 KiB of names, and keys of 2 KiB each. */
const MOST_CMS = 8 * 1024 * 1024;

/** Returns the recipients of an entry. */
export async function recipientsOf(archive: OpenArchive, place: number, keyring: Keyring, signal?: AbortSignal): Promise<RecipientShown[]> {
  const first = await archive.beginningOctets(place, 1, signal);
  if (!beginsCms(first)) return ofOpenPgp(await archive.beginning(place, signal), keyring);
  const octets = await archive.beginningOctets(place, MOST_CMS, signal);
  const { recipients, passphrases } = cmsRecipients(octets);
  return [...recipients.map(({ named }) => ofCms(named, keyring)), ...ofPassphrases(passphrases)];
}

/** Returns the recipients of an OpenPGP message. */
export function ofOpenPgp({ pkesks, passphrases }: Beginning, keyring: Keyring): RecipientShown[] {
  const shown = pkesks.map(({ recipient }) => ({
    id: recipient === "" ? "hidden" : recipient.toUpperCase(),
    label: keyring.labelOf(recipient),
    isYours: recipient !== "" && keyring.keysNamed(recipient).length > 0,
  }));
  return [...shown, ...ofPassphrases(passphrases)];
}

function ofCms(named: Named, keyring: Keyring): RecipientShown {
  const own = keyring.keys.find(({ key }) => keyring.isNamed(named, key));
  return { id: describe(named), label: keyring.certificateNamed(named)?.label ?? own?.label, isYours: own !== undefined };
}

const ofPassphrases = (count: number): RecipientShown[] =>
  Array.from({ length: count }, () => ({ id: "a passphrase", label: undefined, isYours: false }));
