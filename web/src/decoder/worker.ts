// The worker in which one recording is decoded. The page ends it.
import { decode } from "./decode.ts";

const page = self as unknown as Worker;
page.onmessage = ({ data }: MessageEvent<Uint8Array<ArrayBuffer>>) => {
  void decode(data, (message, transfer) => page.postMessage(message, transfer));
};
