// The words for what is known of a member.
import type { Access, Authenticity, MemberKind } from "../vault/protocol.ts";
import type { IconName } from "./icons.ts";

interface Words {
  readonly icon: IconName;
  readonly word: string;
  readonly sentence: string;
}

export const AUTHENTICITY: Readonly<Record<Authenticity, Words>> = {
  unopened: { icon: "unopened", word: "Not opened", sentence: "Opening it shows whether it is what was sealed." },
  authentic: {
    icon: "check",
    word: "Unaltered",
    sentence: "It was opened to its end, and every byte is what was sealed. Only a signature that was verified says who sealed it.",
  },
  "not authenticated": {
    icon: "warning",
    word: "Not authenticated",
    sentence: "It was opened, but its encryption (CMS with AES-CBC) can't show whether it was altered on its way.",
  },
  refused: { icon: "cross", word: "Refused", sentence: "It isn't what was sealed, or not under this name. Nothing of it is shown." },
};

export const ACCESS: Readonly<Record<Access, Words>> = {
  yes: { icon: "open", word: "Opens", sentence: "It says that your key opens it." },
  no: { icon: "lock", word: "Doesn't open", sentence: "None of the keys here opens it." },
  unknown: { icon: "key", word: "Unknown", sentence: "Whether a key here opens it is known once it's looked at." },
};

export const KINDS: Readonly<Record<MemberKind, { readonly icon: IconName; readonly word: string }>> = {
  audio: { icon: "audio", word: "Audio" },
  json: { icon: "json", word: "JSON" },
  xml: { icon: "xml", word: "XML" },
  text: { icon: "text", word: "Text" },
  other: { icon: "other", word: "Other" },
};
