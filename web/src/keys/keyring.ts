// The keys and certificates at hand.

import { equal } from "../bytes/bytes.ts";
import { type Certificate } from "./certificate.ts";
import { type Named, namesCertificate } from "./named.ts";
import { type PrivateKey } from "./private_key.ts";

export interface HeldKey {
  readonly key: PrivateKey;
  /** The name of the file that it came from. */
  readonly label: string;
}

export class Keyring {
  readonly #keys: HeldKey[] = [];
  readonly #certificates: Certificate[] = [];

  get keys(): readonly HeldKey[] {
    return this.#keys;
  }

  get certificates(): readonly Certificate[] {
    return this.#certificates;
  }

  addKey(held: HeldKey): void {
    if (this.#keys.some(({ key }) => key.fingerprint === held.key.fingerprint)) return;
    this.#keys.push(held);
  }

  addCertificate(certificate: Certificate): void {
    if (this.#certificates.some(({ sha256 }) => sha256 === certificate.sha256)) return;
    this.#certificates.push(certificate);
  }

  /** The keys that a PKESK with this key ID or fingerprint may be for; all of them if it is hidden. */
  keysNamed(recipient: string): readonly HeldKey[] {
    return this.#keys.filter(({ key }) => key.fingerprint.endsWith(recipient));
  }

  /** The names of the certificates and keys that a key ID or fingerprint fits. */
  labelOf(recipient: string): string | undefined {
    if (recipient === "") return undefined;
    const certificate = this.#certificates.find(({ fingerprint }) => fingerprint !== "" && fingerprint.endsWith(recipient));
    return certificate?.label ?? this.#keys.find(({ key }) => key.fingerprint.endsWith(recipient))?.label;
  }

  /** The certificate at hand that a message names. */
  certificateNamed(named: Named): Certificate | undefined {
    return this.#certificates.find((certificate) => namesCertificate(named, certificate));
  }

  /** Whether a message names the certificate of a key, as far as that can be known. */
  isNamed(named: Named, key: PrivateKey): boolean {
    if (named.kind === "key identifier" && equal(named.identifier, key.keyIdentifier)) return true;
    return this.#certificates.some((certificate) => certificate.fingerprint === key.fingerprint && namesCertificate(named, certificate));
  }
}
