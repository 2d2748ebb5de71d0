// A worker that searches texts, and has no keys: one that takes for ever is ended.

import { type Bytes } from "../bytes/bytes.ts";
import { decodeText } from "../text/decode.ts";
import { type SearchQuery } from "./protocol.ts";
import { compile, search } from "./search.ts";

onmessage = ({ data: { query, content } }: MessageEvent<{ query: SearchQuery; content: Bytes }>) => {
  // The lines of the matches are copied when they are posted: they don't keep the text.
  postMessage(search(decodeText(content).text, compile(query)));
  content.fill(0);
};
