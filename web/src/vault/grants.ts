// The grants at hand: those that are open, and those that wait for their key.

import { type OpenArchive } from "../archive/open_archive.ts";
import { type Bytes, decodeLossily } from "../bytes/bytes.ts";
import { Fault } from "../fault.ts";
import { GRANT_NAME, MOST_OF_GRANT, readGrant, type Grant as Lines } from "../index/grant.ts";
import { type Keyring } from "../keys/keyring.ts";
import { readBeginning } from "../openpgp/front.ts";
import { type Literal } from "../openpgp/literal.ts";
import { openMessage } from "../openpgp/message.ts";
import { type Added, type Archive, type Grant, type Problem } from "./protocol.ts";
import { ofOpenPgp } from "./recipients.ts";
import { problemOf } from "./words.ts";

interface Sealed {
  readonly number: number;
  readonly label: string;
  readonly octets: Bytes;
}

interface Opened {
  readonly number: number;
  readonly label: string;
  readonly lines: Lines;
}

export class Grants {
  readonly #keyring: Keyring;
  readonly #opened: Opened[] = [];
  #sealed: readonly Sealed[] = [];

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
  }

  /** A grant is sealed to a key. It waits for that if it isn't here yet. */
  async add(sealed: Sealed): Promise<Grant> {
    const { number, label, octets } = sealed;
    const recipients = ofOpenPgp(readBeginning(octets), this.#keyring);
    let literal: Literal;
    try {
      // Opening uses the octets up.
      ({ literal } = await openMessage(octets.slice(), this.#keyring, () => undefined, MOST_OF_GRANT));
    } catch (error) {
      if (!(error instanceof Fault) || error.kind !== "no key") throw error;
      this.#sealed = [...this.#sealed, sealed];
      return { kind: "grant", number, label, members: undefined, recipients };
    }
    const name = decodeLossily(literal.name);
    if (name !== GRANT_NAME) {
      throw new Fault("malformed", `it was sealed as “${name}”, not as a grant`, "open it with `callseal open`");
    }
    const lines = readGrant(literal.content);
    this.#opened.push({ number, label, lines });
    return { kind: "grant", number, label, members: lines.members.size, recipients };
  }

  /** Tries those that wait for a key, and whose recipients may have names now. Each of them stands for itself. */
  async retry(): Promise<Added[]> {
    const waiting = this.#sealed;
    this.#sealed = [];
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
    for (const { lines } of this.#opened) await archive.useGrant(lines);
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
