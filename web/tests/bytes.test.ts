// Archives that a hostile or broken store sends.

import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo } from "node:net";
import { mock, test } from "node:test";
import { AddressSource, BufferedSource, type ByteSource } from "../src/bytes/source.ts";
import { VaultCore } from "../src/vault/core.ts";

const ARCHIVE = Buffer.from("0123456789");

/** Opens a source of a server that answers so, and does something with it. */
async function withServer(answer: RequestListener, work: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/calls.zip`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** The range that a request asks for. */
function rangeOf(range: string | undefined): { from: number; to: number } {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
  return { from: Number(from), to: Number(to) };
}

const honest: RequestListener = (request, response) => {
  const { from, to } = rangeOf(request.headers.range);
  response.writeHead(206, { "Content-Range": `bytes ${from}-${to}/${ARCHIVE.length}`, ETag: '"one"' });
  response.end(ARCHIVE.subarray(from, to + 1));
};

test("ranges are read, and each of them is asked of the same version", async () => {
  const versions: (string | undefined)[] = [];
  await withServer(
    (request, response) => {
      versions.push(request.headers["if-match"]);
      honest(request, response);
    },
    async (url) => {
      const source = await AddressSource.open(url);
      assert.equal(source.size, 10);
      assert.equal(Buffer.from(await source.read(3, 4)).toString(), "3456");
    },
  );
  assert.deepEqual(versions, [undefined, '"one"']);
});

test("a body that goes on isn't read to its end", async () => {
  let sent = 0;
  await withServer(
    (_, response) => {
      response.writeHead(206, { "Content-Range": "bytes 0-0/10" });
      const piece = Buffer.alloc(64 * 1024);
      const write = () => {
        sent += piece.length;
        if (sent < 1024 * 1024 * 1024 && !response.destroyed) response.write(piece, () => setImmediate(write));
      };
      write();
    },
    async (url) => {
      await assert.rejects(AddressSource.open(url), /the server sends more than it was asked for/);
    },
  );
  assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes were sent`);
});

for (const [what, answer, fault] of [
  ["a short body", (_, r) => r.writeHead(206, { "Content-Range": "bytes 0-0/10" }).end(""), /can't be fetched/],
  ["no range", (_, r) => r.writeHead(200).end("all"), /doesn't answer range requests/],
  ["no length", (_, r) => r.writeHead(206, { "Content-Range": "bytes 0-0/*" }).end("0"), /doesn't say how long it is/],
  ["an enormous length", (_, r) => r.writeHead(206, { "Content-Range": "bytes 0-0/99999999999999999999" }).end("0"), /doesn't say how long it is/],
  ["a redirect", (_, r) => r.writeHead(302, { Location: "http://127.0.0.1:9/" }).end(), /can't be fetched/],
  ["nothing there", (_, r) => r.writeHead(404).end(), /it isn't there \(status 404\)/],
  ["a refusal", (_, r) => r.writeHead(403).end(), /the server refuses to give it \(status 403\)/],
  ["a failure", (_, r) => r.writeHead(500).end(), /the server answers with status 500/],
] as readonly (readonly [string, RequestListener, RegExp])[]) {
  test(`a server that answers with ${what} is refused`, () =>
    withServer(answer, async (url) => {
      await assert.rejects(AddressSource.open(url), fault);
    }));
}

for (const [what, answer] of [
  ["another range", (_, r) => r.writeHead(206, { "Content-Range": "bytes 0-3/10" }).end("0123")],
  ["another length of the whole", (_, r) => r.writeHead(206, { "Content-Range": "bytes 3-6/11" }).end("3456")],
  ["another version", (_, r) => r.writeHead(412).end()],
] as readonly (readonly [string, RequestListener])[]) {
  test(`a server that answers with ${what} later has changed the archive`, async () => {
    let isFirst = true;
    await withServer(
      (request, response) => {
        if (isFirst) honest(request, response);
        else answer(request, response);
        isFirst = false;
      },
      async (url) => {
        const source = await AddressSource.open(url);
        await assert.rejects(source.read(3, 4), /it was changed on the server since it was opened/);
      },
    );
  });
}

/** A server that answers the first request, unless that stalls as well, and then only begins to answer. Tells when a request begins, and when it has ended. */
function stalling({ isFirst = false } = {}) {
  let requests = 0;
  let [begun, ended] = [() => {}, () => {}];
  const begins = new Promise<void>((resolve) => (begun = resolve));
  const ends = new Promise<void>((resolve) => (ended = resolve));
  const answer: RequestListener = (request, response) => {
    if (++requests === 1 && !isFirst) return honest(request, response);
    const { from, to } = rangeOf(request.headers.range);
    response.writeHead(206, { "Content-Range": `bytes ${from}-${to}/${ARCHIVE.length}` });
    response.write(ARCHIVE.subarray(from, from + 1));
    response.on("close", ended);
    begun();
  };
  return { answer, begins, ends };
}

test("a request that is cancelled ends, at the server as well", async () => {
  const { answer, begins, ends } = stalling();
  await withServer(answer, async (url) => {
    const source = await AddressSource.open(url);
    const cancelling = new AbortController();
    const reading = source.read(3, 4, cancelling.signal);
    await begins;
    cancelling.abort();
    await assert.rejects(reading, { name: "AbortError" });
    await ends;
  });
});

test("an archive that isn't to be opened any more isn't asked for, whatever is read of it", async () => {
  for (const isFirst of [true, false]) {
    const { answer, begins, ends } = stalling({ isFirst });
    await withServer(answer, async (url) => {
      const cancelling = new AbortController();
      const opening = new VaultCore().openArchive({ kind: "address", url }, "a.zip", cancelling.signal);
      await begins;
      cancelling.abort();
      await assert.rejects(opening, { name: "AbortError" });
      await ends;
    });
  }
});

test("a server that sends nothing for a minute is given up, with a message", async () => {
  const { answer, begins, ends } = stalling();
  await withServer(answer, async (url) => {
    const source = await AddressSource.open(url);
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const reading = source.read(3, 4);
      const refused = assert.rejects(reading, /the server has sent nothing for 60 seconds/);
      await begins;
      mock.timers.tick(60_000);
      await refused;
      await ends;
    } finally {
      mock.timers.reset();
    }
  });
});

test("the body of an answer that is refused isn't waited for", async () => {
  let ended = () => {};
  const ends = new Promise<void>((resolve) => (ended = resolve));
  await withServer(
    (_, response) => {
      response.writeHead(500);
      response.write("it goes on");
      response.on("close", ended);
    },
    async (url) => {
      await assert.rejects(AddressSource.open(url), /status 500/);
      await ends;
    },
  );
});

test("a piece is read until nobody waits for it any more", async () => {
  let [reads, ends] = [0, 0];
  const source: ByteSource = {
    size: 100,
    read: (_, __, signal) =>
      new Promise((_, reject) => {
        reads++;
        signal!.addEventListener("abort", () => (ends++, reject(signal!.reason as Error)));
      }),
  };
  const buffered = new BufferedSource(source);
  const [one, two] = [new AbortController(), new AbortController()];
  const first = buffered.read(0, 1, one.signal);
  const second = buffered.read(1, 1, two.signal);
  one.abort();
  await assert.rejects(first, { name: "AbortError" });
  assert.deepEqual([reads, ends], [1, 0]);
  two.abort();
  await assert.rejects(second, { name: "AbortError" });
  assert.deepEqual([reads, ends], [1, 1]);
  // What was given up is read again.
  void buffered.read(0, 1).catch(() => undefined);
  assert.equal(reads, 2);
});
