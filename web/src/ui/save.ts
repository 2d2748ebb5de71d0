// Writes the open member to a file that the user chooses.
import { fileName } from "../text/filename.ts";
import { confirmSaving } from "./dialogs.ts";
import { isCancelled } from "./session.ts";

interface FileTarget {
  createWritable(): Promise<{ write(part: Uint8Array): Promise<void>; close(): Promise<void>; abort(): Promise<void> }>;
}

type Picker = (options: { suggestedName: string }) => Promise<FileTarget>;

const PART = 4 * 1024 * 1024;

/**
 * Says whether it was saved: the user can change their mind.
 *
 * @param signal Aborted when the content may not be used any more. What was written until then is removed.
 */
export async function save(bytes: Uint8Array<ArrayBuffer>, memberName: string, signal: AbortSignal): Promise<boolean> {
  if (!(await confirmSaving(signal)) || signal.aborted) return false;
  const name = fileName(memberName);
  const picker = (window as { showSaveFilePicker?: Picker }).showSaveFilePicker;
  if (!picker) {
    download(bytes, name);
    return true;
  }
  try {
    await write(bytes, await picker({ suggestedName: name }), signal);
    return true;
  } catch (error) {
    if (isCancelled(error) && !signal.aborted) return false;
    throw error;
  }
}

async function write(bytes: Uint8Array<ArrayBuffer>, target: FileTarget, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const file = await target.createWritable();
  try {
    for (let at = 0; at < bytes.length; at += PART) {
      signal.throwIfAborted();
      await file.write(bytes.subarray(at, at + PART));
    }
    signal.throwIfAborted();
    await file.close();
  } catch (error) {
    await file.abort().catch(() => {});
    throw error;
  }
}

/** Browsers without a picker save a Blob alone. It may lie on the disk, as the file will in any case. */
function download(bytes: Uint8Array<ArrayBuffer>, name: string): void {
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
