// Private keys that are locked by a passphrase: PBES2 (RFC 8018, section 6.2).

import { type Bytes, encodeUtf8 } from "../bytes/bytes.ts";
import { Element, INTEGER, OCTET_STRING, SEQUENCE } from "../der/ber.ts";
import { Fault, malformed } from "../fault.ts";

const UNLOCK_HINT = "lock it anew: `openssl pkcs8 -topk8 -v2 aes256 -in KEY -out new.key`";

/** More than anybody waits for: some 5 seconds. A hostile key could ask for hours. */
const MOST_ITERATIONS = 10_000_000;

const HASHES: Readonly<Record<string, string>> = {
  "1.2.840.113549.2.7": "SHA-1",
  "1.2.840.113549.2.9": "SHA-256",
  "1.2.840.113549.2.10": "SHA-384",
  "1.2.840.113549.2.11": "SHA-512",
};

/** The lengths of the keys of AES in CBC mode. */
const CIPHERS: Readonly<Record<string, number>> = {
  "2.16.840.1.101.3.4.1.2": 16,
  "2.16.840.1.101.3.4.1.22": 24,
  "2.16.840.1.101.3.4.1.42": 32,
};

/** A locked private key, whose parameters are supported. */
export interface LockedKey {
  /** @throws A fault of the kind `wrong passphrase`. */
  unlock(passphrase: string): Promise<Bytes>;
}

/** Reads EncryptedPrivateKeyInfo (RFC 5208, section 6). */
export function parseLocked(der: Bytes): LockedKey {
  const parts = Element.whole(der).parts(SEQUENCE);
  const scheme = parts.take(SEQUENCE).parts();
  const sealed = parts.take(OCTET_STRING).content.slice();
  if (scheme.take().oid() !== "1.2.840.113549.1.5.13") {
    throw new Fault("unsupported", "it is locked in an old way (PBES1 or PKCS#12), which the page doesn't support", UNLOCK_HINT);
  }
  const [derivation, encryption] = scheme.take(SEQUENCE).children();
  if (derivation === undefined || encryption === undefined) throw malformed("how it is locked");

  const kdf = derivation.parts(SEQUENCE);
  const kdfOid = kdf.take().oid();
  if (kdfOid !== "1.2.840.113549.1.5.12") {
    const name = kdfOid === "1.3.6.1.4.1.11591.4.11" ? "scrypt" : kdfOid;
    throw new Fault("unsupported", `its passphrase is derived by ${name}, which the page doesn't support`, UNLOCK_HINT);
  }
  const parameters = kdf.take(SEQUENCE).parts();
  const salt = parameters.take(OCTET_STRING).content.slice();
  const iterations = parameters.take(INTEGER).small();
  const stated = parameters.takeIf(INTEGER)?.small();
  const prf = parameters.takeIf(SEQUENCE)?.parts().take().oid();
  // RFC 8018, appendix A.2: HMAC with SHA-1 if nothing is said.
  const hash = prf === undefined ? "SHA-1" : HASHES[prf];

  const cipher = encryption.parts(SEQUENCE);
  const length = CIPHERS[cipher.take().oid()];
  if (hash === undefined || length === undefined) {
    throw new Fault("unsupported", "it is locked by an old cipher or hash, which the page doesn't support", UNLOCK_HINT);
  }
  const iv = cipher.take(OCTET_STRING).content.slice();
  // The key's length follows from the cipher.
  const isLength = stated === undefined || stated === length;
  if (iv.length !== 16 || iterations < 1 || !isLength) throw malformed("how it is locked");
  if (iterations > MOST_ITERATIONS) {
    throw new Fault("unsupported", "its passphrase goes through too many rounds", UNLOCK_HINT);
  }

  return {
    async unlock(passphrase) {
      const base = await crypto.subtle.importKey("raw", encodeUtf8(passphrase), "PBKDF2", false, ["deriveKey"]);
      const algorithm = { name: "PBKDF2", hash, salt, iterations };
      const key = await crypto.subtle.deriveKey(algorithm, base, { name: "AES-CBC", length: 8 * length }, false, ["decrypt"]);
      const wrong = () => new Fault("wrong passphrase", "the passphrase is wrong", "type it again");
      let plain: Bytes;
      try {
        plain = new Uint8Array(await crypto.subtle.decrypt({ name: "AES-CBC", iv }, key, sealed));
      } catch {
        throw wrong();
      }
      // One wrong passphrase of 256 yields valid padding.
      try {
        const inside = Element.whole(plain).parts(SEQUENCE);
        inside.take(INTEGER);
        inside.take(SEQUENCE);
      } catch {
        throw wrong();
      }
      return plain;
    },
  };
}
