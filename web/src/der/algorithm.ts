// AlgorithmIdentifiers (RFC 5280, section 4.1.1.2).

import { type Bytes } from "../bytes/bytes.ts";
import { type Element, NULL, OID, SEQUENCE } from "./ber.ts";

export interface Algorithm {
  readonly oid: string;
  readonly parameters: Element | undefined;
  /** Whether it has no parameters, or NULL in their place: those of most algorithms. */
  readonly isPlain: boolean;
  readonly encoded: Bytes;
}

export function readAlgorithm(element: Element): Algorithm {
  const parts = element.parts(SEQUENCE);
  const oid = parts.take(OID).oid();
  const parameters = parts.takeAny()?.wellFormed();
  parts.end();
  const isNull = parameters?.tag === NULL && parameters.content.length === 0;
  return { oid, parameters, isPlain: parameters === undefined || isNull, encoded: element.encoded };
}
