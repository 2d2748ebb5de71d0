// The part of a message that sharing leaves as it is: its sealed data (docs/format.md).

import { type Bytes } from "../bytes/bytes.ts";
import { beginsCms } from "../cms/message.ts";
import { Element, INTEGER, OID, SEQUENCE, SET, context } from "../der/ber.ts";
import { malformed, truncated } from "../fault.ts";
import { Packets, Tag } from "../openpgp/packets.ts";

/** Returns the sealed data of a message. */
export function sealedData(message: Bytes): Bytes {
  return message.subarray(beginsCms(message) ? startOfCms(message) : startOfOpenPgp(message));
}

/** The SEIPD packet, which has to reach to the end of the message. */
function startOfOpenPgp(message: Bytes): number {
  const packets = new Packets(message);
  for (;;) {
    const start = packets.at;
    const header = packets.header();
    if (header === undefined) throw truncated();
    packets.skip(header);
    switch (header.tag) {
      case Tag.PKESK:
      case Tag.SKESK:
      case Tag.Marker:
      case Tag.Padding:
        break;
      case Tag.SEIPD:
      case Tag.AED:
        if (!packets.isAtEnd) throw malformed("something follows the sealed data");
        return start;
      default:
        throw malformed("another packet before the sealed data");
    }
  }
}

/** What follows the RecipientInfos. */
function startOfCms(message: Bytes): number {
  const outer = Element.read(message).parts(SEQUENCE);
  outer.take(OID);
  const body = outer.take(context(0)).parts().take(SEQUENCE).parts();
  body.take(INTEGER);
  body.takeIf(context(0));
  return body.take(SET).end;
}
