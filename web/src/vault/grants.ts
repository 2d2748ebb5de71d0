// The grants at hand: those that are open, and those that wait for their key.

import { type OpenArchive } from "../archive/open_archive.ts";
import { type Bytes, decodeLossily, hex, sha256 } from "../bytes/bytes.ts";
import { Fault } from "../fault.ts";
import { GRANT_NAME, mostOfGrant, readGrant, type Grant as Lines } from "../index/grant.ts";
import { type Keyring } from "../keys/keyring.ts";
import { readBeginning } from "../openpgp/front.ts";
import { type Literal } from "../openpgp/literal.ts";
import { openMessage } from "../openpgp/message.ts";
import { type Added, type Archive, type Grant, type Problem, VaultError } from "./protocol.ts";
import { ofOpenPgp } from "./recipients.ts";
import { problemOf } from "./words.ts";

interface Sealed {
  readonly number: number;
  readonly label: string;
  readonly octets: Bytes;
}

interface Waiting extends Sealed {
  readonly digest: string;
}

interface Opened {
  readonly number: number;
  readonly label: string;
  readonly digest: string;
  readonly lines: Lines;
}

export class Grants {
  readonly #keyring: Keyring;
  readonly #opened: Opened[] = [];
  #waiting: readonly Waiting[] = [];

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
  }

  /** A grant is sealed to a key. It waits for that if it isn't here yet. One that is here already isn't kept a second time. */
  async add(sealed: Sealed): Promise<Grant> {
    const { label, octets } = sealed;
    const digest = hex(await sha256(octets));
    const number = this.#waiting.find((other) => other.digest === digest)?.number ?? sealed.number;
    this.#refuseKnown(digest, label);
    const recipients = ofOpenPgp(readBeginning(octets), this.#keyring);
    let literal: Literal;
    try {
      // Opening uses the octets up.
      ({ literal } = await openMessage(octets.slice(), this.#keyring, () => undefined, mostOfGrant(octets.length)));
    } catch (error) {
      if (!(error instanceof Fault) || error.kind !== "no key") throw error;
      this.#waiting = [...this.#waiting.filter((other) => other.digest !== digest), { number, label, octets, digest }];
      return { kind: "grant", number, label, members: undefined, recipients };
    }
    const name = decodeLossily(literal.name);
    if (name !== GRANT_NAME) {
      throw new Fault("malformed", `it was sealed as “${name}”, not as a grant`, "open it with `callseal open`");
    }
    const lines = readGrant(literal.content, octets.length);
    // It may have been given again meanwhile.
    this.#refuseKnown(digest, label);
    this.#opened.push({ number, label, digest, lines });
    return { kind: "grant", number, label, members: lines.members.size, recipients };
  }

  #refuseKnown(digest: string, label: string): void {
    const known = this.#opened.find((other) => other.digest === digest);
    if (known === undefined) return;
    const message = known.label === label ? `${label}: it is here already` : `${label}: it is here already, as ${known.label}`;
    throw new VaultError({ message, hint: undefined });
  }

  /** Tries those that wait for a key, and whose recipients may have names now. Each of them stands for itself. */
  async retry(): Promise<Added[]> {
    const waiting = this.#waiting;
    this.#waiting = [];
    const added: Added[] = [];
    for (const sealed of waiting) {
      try {
        added.push(await this.add(sealed));
      } catch (error) {
        added.push({ kind: "refused", grant: sealed.number, problem: problemOf(sealed.label, error) });
      }
    }
    return added;
  }

  /** Finds the members of an archive that they list. */
  async use(archive: OpenArchive): Promise<void> {
    for (const { label, lines } of this.#opened) await archive.useGrant(lines, label);
  }

  /** How many members of an archive each of them lists that fits it. */
  shownOf(archive: OpenArchive): Archive["grants"] {
    return this.#opened.flatMap(({ number, lines }) => {
      const outcome = archive.outcomeOf(lines);
      return outcome === undefined || outcome.fault !== undefined ? [] : [{ grant: number, members: outcome.members }];
    });
  }

  /** Those that don't fit an archive. */
  problemsOf(archive: OpenArchive): Problem[] {
    return this.#opened.flatMap(({ label, lines }) => {
      const fault = archive.outcomeOf(lines)?.fault;
      if (fault === undefined) return [];
      return [{ message: `${archive.name}: ${label}: ${fault.message}`, hint: fault.hint ?? "get the grant again from its sender" }];
    });
  }
}
