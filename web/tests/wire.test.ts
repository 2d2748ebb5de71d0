// The page and its vault, over messages that are copied as a browser copies them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, type WorkerLike } from "../src/vault/client.ts";
import { VaultError, type Archive, type Content } from "../src/vault/protocol.ts";
import { serve, type Port, type Reply, type Request, type VaultCore } from "../src/vault/wire.ts";

const nothing = () => Promise.reject(new Error("not asked"));

const CORE: VaultCore = {
  addKeys: nothing,
  unlock: nothing,
  openArchive: nothing,
  closeArchive: nothing,
  unlockArchive: nothing,
  recipients: nothing,
  openMember: nothing,
  search: nothing,
  verify: nothing,
};

/** A worker in this process. */
class LocalWorker implements WorkerLike {
  onmessage: WorkerLike["onmessage"] = null;
  onmessageerror: WorkerLike["onmessageerror"] = null;
  onerror: WorkerLike["onerror"] = null;
  isEnded = false;
  readonly port: Port = {
    onmessage: null,
    postMessage: (reply: Reply, transfer: Transferable[]) => {
      const data: Reply = structuredClone(reply, { transfer: transfer as ArrayBuffer[] });
      setImmediate(() => this.isEnded || this.onmessage?.({ data } as MessageEvent));
    },
  };

  postMessage(message: Request, transfer: Transferable[]): void {
    const data: Request = structuredClone(message, { transfer: transfer as ArrayBuffer[] });
    setImmediate(() => this.isEnded || this.port.onmessage?.({ data } as MessageEvent<Request>));
  }

  terminate(): void {
    this.isEnded = true;
  }
}

function connected(core: Partial<VaultCore>) {
  const worker = new LocalWorker();
  const client = new Client(worker);
  serve({ ...CORE, ...core }, worker.port);
  return { client, worker };
}

const isAbort = (error: unknown) => error instanceof DOMException && error.name === "AbortError";

test("a call is answered", async () => {
  const { client } = connected({ recipients: async (archive, member) => [{ id: `${archive}/${member}`, label: undefined, isYours: true }] });
  assert.deepEqual(await client.recipients(3, 4, new AbortController().signal), [{ id: "3/4", label: undefined, isYours: true }]);
});

test("no copy of a key stays in the page", async () => {
  let seen: string | undefined;
  const { client } = connected({ addKeys: async (_, bytes) => ((seen = Buffer.from(bytes).toString()), []) });
  const whole = new TextEncoder().encode("secret") as Uint8Array<ArrayBuffer>;
  await client.addKeys("a", whole);
  assert.equal(seen, "secret");
  assert.equal(whole.byteLength, 0);

  const file = new TextEncoder().encode("----------secret----------") as Uint8Array<ArrayBuffer>;
  await client.addKeys("a", file.subarray(10, 16));
  assert.equal(seen, "secret");
  assert.equal(Buffer.from(file).toString(), "----------\0\0\0\0\0\0----------");
});

test("a content comes without a copy, and without the rest of the vault's buffer", async () => {
  const buffer = new TextEncoder().encode("session key and content") as Uint8Array<ArrayBuffer>;
  const content: Content = { name: "a", bytes: buffer.subarray(16), authenticity: "authentic", sealedTime: undefined, kind: "text" };
  const { client } = connected({ openMember: async () => content });
  const { bytes } = await client.openMember(1, 2, () => {}, new AbortController().signal);
  assert.equal(Buffer.from(bytes.buffer).toString(), "content");
});

test("an error of the vault keeps its message, its hint and its kind", async () => {
  const { client } = connected({
    unlock: async () => Promise.reject(new VaultError({ message: "wrong", hint: "try again" }, "refused")),
    closeArchive: async () => Promise.reject(new TypeError("undefined is no function")),
  });
  await assert.rejects(client.unlock(1, "x"), (error: VaultError) => error.message === "wrong" && error.hint === "try again" && error.failure === "refused");
  await assert.rejects(client.closeArchive(1), (error: VaultError) => error instanceof VaultError && /undefined is no function/.test(error.message));
});

test("progress is told until the end, and cancelling reaches the vault", async () => {
  let isCancelled = false;
  const { client } = connected({
    verify: (_, progress, signal) =>
      new Promise((_, reject) => {
        progress({ done: 1, total: 2 });
        signal.addEventListener("abort", () => ((isCancelled = true), progress({ done: 2, total: 2 }), reject(new Error("late"))));
      }),
  });
  const control = new AbortController();
  const told: number[] = [];
  const call = client.verify(1, ({ done }) => (told.push(done), control.abort()), control.signal);
  await assert.rejects(call, isAbort);
  while (!isCancelled) await new Promise(setImmediate);
  // What the vault tells after that comes to nobody.
  for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate);
  assert.deepEqual(told, [1]);
});

test("a call that is cancelled before it begins isn't made", async () => {
  const { client } = connected({});
  await assert.rejects(client.verify(1, () => {}, AbortSignal.abort()), isAbort);
});

test("an archive that is open when the page doesn't want it any more is closed", async () => {
  const closed: number[] = [];
  const opening = new AbortController();
  const { client } = connected({
    // Its answer is on its way when the page cancels.
    openArchive: async () => (setImmediate(() => opening.abort()), { id: 7 } as Archive),
    closeArchive: async (archive) => void closed.push(archive),
  });
  await assert.rejects(client.openArchive({ kind: "address", url: "http://127.0.0.1:9/" }, "a.zip", opening.signal), isAbort);
  while (closed.length === 0) await new Promise(setImmediate);
  assert.deepEqual(closed, [7]);
});

test("forgetting ends the worker, the calls that run, and all later ones", async () => {
  const { client, worker } = connected({ unlockArchive: () => new Promise(() => {}) });
  const running = client.unlockArchive(1);
  client.forget();
  assert.ok(worker.isEnded);
  await assert.rejects(running, isAbort);
  await assert.rejects(client.closeArchive(1), isAbort);
});

test("a worker that fails ends all calls with an error", async () => {
  const { client, worker } = connected({ unlockArchive: () => new Promise(() => {}) });
  const running = client.unlockArchive(1);
  worker.onerror?.({} as ErrorEvent);
  await assert.rejects(running, VaultError);
  await assert.rejects(client.closeArchive(1), VaultError);
});
