// The page's side of the vault: each call becomes a message to the worker.
import {
  VaultError,
  type Added,
  type Archive,
  type ArchiveSource,
  type Content,
  type OpenProgress,
  type RecipientShown,
  type SearchProgress,
  type SearchQuery,
  type Vault,
  type Verdict,
} from "./protocol.ts";
import { startWorker } from "../workers/start.ts";
import { wholeBuffer, type Call, type Reply, type Request } from "./wire.ts";

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
  progress(value: unknown): void;
}

interface CallOptions {
  readonly transfer?: Transferable[];
  readonly progress?: (value: never) => void;
  readonly signal?: AbortSignal;
  /** Takes what comes after the call was cancelled. */
  readonly late?: (value: never) => void;
}

/** Starts a vault in a worker of its own. */
export const startVault = (code: string): Vault => new Client(startWorker(code));

/** What is needed of a worker. */
export interface WorkerLike {
  onmessage: ((event: MessageEvent) => void) | null;
  onmessageerror: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(message: Request, transfer: Transferable[]): void;
  terminate(): void;
}

export class Client implements Vault {
  readonly #worker: WorkerLike;
  readonly #pending = new Map<number, Pending>();
  #next = 0;
  /** Why no call is answered any more. */
  #ended: Error | undefined;

  constructor(worker: WorkerLike) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      this.#receive(data);
    };
    const failed = () => this.#end(new VaultError({ message: "the vault of this page failed", hint: "load the page again" }));
    worker.onerror = failed;
    worker.onmessageerror = failed;
  }

  addKeys(fileName: string, bytes: Uint8Array<ArrayBuffer>): Promise<readonly Added[]> {
    const whole = wholeBuffer(bytes);
    if (whole !== bytes) bytes.fill(0);
    return this.#call("addKeys", [fileName, whole], { transfer: [whole.buffer] });
  }

  unlock(ticket: number, passphrase: string): Promise<readonly Added[]> {
    return this.#call("unlock", [ticket, passphrase]);
  }

  openArchive(source: ArchiveSource, name: string, signal: AbortSignal): Promise<Archive> {
    // Its answer may be on its way when it's cancelled.
    const late = ({ id }: Archive) => void this.closeArchive(id).catch(() => undefined);
    return this.#call("openArchive", [source, name], { signal, late });
  }

  closeArchive(archive: number): Promise<void> {
    return this.#call("closeArchive", [archive]);
  }

  unlockArchive(archive: number): Promise<Archive> {
    return this.#call("unlockArchive", [archive]);
  }

  recipients(archive: number, member: number, signal: AbortSignal): Promise<readonly RecipientShown[]> {
    return this.#call("recipients", [archive, member], { signal });
  }

  openMember(
    archive: number,
    member: number,
    progress: (progress: OpenProgress) => void,
    signal: AbortSignal,
  ): Promise<Content> {
    return this.#call("openMember", [archive, member], { progress, signal });
  }

  search(
    query: SearchQuery,
    archive: number | undefined,
    progress: (progress: SearchProgress) => void,
    signal: AbortSignal,
  ): Promise<void> {
    return this.#call("search", [query, archive], { progress, signal });
  }

  verify(archive: number, progress: (progress: OpenProgress) => void, signal: AbortSignal): Promise<Verdict> {
    return this.#call("verify", [archive], { progress, signal });
  }

  forget(): void {
    this.#end(new DOMException("The key was forgotten.", "AbortError"));
  }

  #call<Value>(call: Call, parameters: unknown[], { transfer = [], progress, signal, late }: CallOptions = {}): Promise<Value> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (signal?.aborted) return Promise.reject(cancelled());
    const id = this.#next++;
    return new Promise<Value>((resolve, reject) => {
      const cancel = () => {
        this.#pending.set(id, { resolve: (value) => late?.(value as never), reject: () => {}, progress: () => {} });
        this.#worker.postMessage({ id, call: "cancel" }, []);
        reject(cancelled());
      };
      const settled = () => signal?.removeEventListener("abort", cancel);
      signal?.addEventListener("abort", cancel, { once: true });
      this.#pending.set(id, {
        resolve: (value) => (settled(), resolve(value as Value)),
        reject: (error) => (settled(), reject(error)),
        progress: (value) => progress?.(value as never),
      });
      this.#worker.postMessage({ id, call, arguments: parameters } as Request, transfer);
    });
  }

  #receive(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    if (!pending) return;
    if (reply.kind === "progress") return pending.progress(reply.progress);
    this.#pending.delete(reply.id);
    if (reply.kind === "value") pending.resolve(reply.value);
    else pending.reject(new VaultError(reply.problem, reply.failure));
  }

  #end(why: Error): void {
    this.#ended ??= why;
    this.#worker.terminate();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const call of pending) call.reject(why);
  }
}

function cancelled(): DOMException {
  return new DOMException("The user cancelled it.", "AbortError");
}
