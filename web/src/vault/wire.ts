// The messages between the page and the worker in which the vault lives.
import { VaultError, type Content, type Failure, type Problem, type SearchQuery, type ArchiveSource, type Vault } from "./protocol.ts";

/** What the worker implements: all that the page can ask, except to end the worker. */
export type VaultCore = Omit<Vault, "forget">;

/** The arguments of each call that can be sent. Progress and cancelling are messages of their own. */
interface Arguments {
  addKeys: [fileName: string, bytes: Uint8Array<ArrayBuffer>];
  unlock: [ticket: number, passphrase: string];
  openArchive: [source: ArchiveSource, name: string];
  closeArchive: [archive: number];
  unlockArchive: [archive: number];
  recipients: [archive: number, member: number];
  openMember: [archive: number, member: number];
  search: [query: SearchQuery, archive: number | undefined];
  verify: [archive: number];
}

export type Call = keyof Arguments;

type CallRequest = { [C in Call]: { readonly id: number; readonly call: C; readonly arguments: Arguments[C] } }[Call];

export type Request = CallRequest | { readonly id: number; readonly call: "cancel" };

export type Reply =
  | { readonly kind: "progress"; readonly id: number; readonly progress: unknown }
  | { readonly kind: "value"; readonly id: number; readonly value: unknown }
  | { readonly kind: "problem"; readonly id: number; readonly problem: Problem; readonly failure: Failure };

/** The side of a worker, as far as it's needed here. */
export interface Port {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(reply: Reply, transfer: Transferable[]): void;
}

/** Answers the calls of the page from `core`. */
export function serve(core: VaultCore, port: Port = self as unknown as Port): void {
  const running = new Map<number, AbortController>();

  port.onmessage = async ({ data: request }) => {
    const { id } = request;
    if (request.call === "cancel") {
      running.get(id)?.abort();
      return;
    }
    const controller = new AbortController();
    running.set(id, controller);
    const progress = (value: unknown) => port.postMessage({ kind: "progress", id, progress: value }, []);
    try {
      const value = await perform(core, request, progress, controller.signal);
      port.postMessage({ kind: "value", id, value }, request.call === "openMember" ? [(value as Content).bytes.buffer] : []);
    } catch (error) {
      port.postMessage({ kind: "problem", id, ...described(error) }, []);
    } finally {
      running.delete(id);
    }
  };
}

async function perform(
  core: VaultCore,
  request: CallRequest,
  progress: (value: unknown) => void,
  signal: AbortSignal,
): Promise<unknown> {
  switch (request.call) {
    case "addKeys":
      return core.addKeys(...request.arguments);
    case "unlock":
      return core.unlock(...request.arguments);
    case "openArchive":
      return core.openArchive(...request.arguments, signal);
    case "closeArchive":
      return core.closeArchive(...request.arguments);
    case "unlockArchive":
      return core.unlockArchive(...request.arguments);
    case "recipients":
      return core.recipients(...request.arguments, signal);
    case "openMember": {
      const content = await core.openMember(...request.arguments, progress, signal);
      return { ...content, bytes: wholeBuffer(content.bytes) };
    }
    case "search":
      return core.search(...request.arguments, progress, signal);
    case "verify":
      return core.verify(...request.arguments, progress, signal);
  }
}

/** A small part of a large buffer would take the whole buffer along; a copy of a large part would take as much again. */
export function wholeBuffer(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return 2 * bytes.byteLength >= bytes.buffer.byteLength ? bytes : bytes.slice();
}

function described(error: unknown): { problem: Problem; failure: Failure } {
  if (error instanceof VaultError) {
    return { problem: { message: error.message, hint: error.hint }, failure: error.failure };
  }
  const cause = error instanceof Error ? error.message : String(error);
  return { problem: { message: `the page failed: ${cause}`, hint: undefined }, failure: "failed" };
}
