// A worker that matches regular expressions, and has no keys: one that takes for ever is ended.

import { type SearchQuery } from "./protocol.ts";
import { compile, search } from "./search.ts";

onmessage = ({ data }: MessageEvent<{ query: SearchQuery; text: string }>) => {
  postMessage(search(data.text, compile(data.query)));
};
