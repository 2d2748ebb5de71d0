// The archives and keys of the page, over a vault that is made up.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Session, type Change } from "../src/ui/session.ts";
import type { Vault } from "../src/vault/protocol.ts";
import { FakeCore } from "./fake/core.ts";

class FakeVault extends FakeCore implements Vault {
  forget(): void {}
}

const archive = (name: string, lastModified = 0) => new File(["PK"], name, { lastModified });
const key = () => new File(["key"], "night.key");

function begun(): { session: Session; told: Change["what"][] } {
  const session = new Session(() => new FakeVault());
  const told: Change["what"][] = [];
  session.changes.add(({ what }) => told.push(what));
  return { session, told };
}

const names = ({ archives }: Session) => archives.map(({ name }) => name).sort();

/** What the vault calls them, in what it says of them. */
const vaultNames = ({ archives }: Session) => archives.map(({ state }) => (state.kind === "open" ? state.archive.name : undefined)).sort();

test("archives whose names only look the same are told apart, too", async () => {
  const { session } = begun();
  await session.addFiles([archive("call s.zip", 1), archive("call  s.zip", 2), archive("call\u00a0s.zip", 3)]);
  const numbers = names(session).map((name) => /\((\d)\)$/.exec(name)?.[1]);
  assert.deepEqual(numbers.sort(), ["2", "3", undefined]);
});

test("archives of one name are told apart, by the page and by the vault, and stay so when the key is forgotten", async () => {
  const { session } = begun();
  await session.addFiles([archive("calls.zip", 1), archive("calls.zip", 2), archive("a\u202eb.zip"), archive("a[U+202E]b.zip")]);
  const all = ["a\u202eb.zip", "a[U+202E]b.zip (2)", "calls.zip", "calls.zip (2)"].sort();
  assert.deepEqual(names(session), all);
  assert.deepEqual(vaultNames(session), all);
  const sources = session.archives.map(({ name, source }) => [name, source]);
  const reopened = new Promise<void>((resolve) => session.changes.add(() => session.archives.every(({ state }) => state.kind === "open") && resolve()));
  session.forget("asked");
  await reopened;
  assert.deepEqual(session.archives.map(({ name, source }) => [name, source]), sources);
  assert.deepEqual(vaultNames(session), all);
});

test("the name of an archive that was closed is free, and no other one changes its own", async () => {
  const { session } = begun();
  await session.addFiles([archive("calls.zip", 1)]);
  await session.addFiles([archive("calls.zip", 2)]);
  await session.closeArchive(session.archives[0]!);
  assert.deepEqual(names(session), ["calls.zip (2)"]);
  await session.addFiles([archive("calls.zip", 3)]);
  assert.deepEqual(names(session), ["calls.zip", "calls.zip (2)"]);
});

test("many archives that come at once are shown together", async () => {
  const { session, told } = begun();
  await session.addFiles([...Array.from({ length: 200 }, (_, number) => archive(`${number}.zip`)), key()]);
  assert.equal(session.archives.length, 200);
  const count = told.filter((what) => what === "archives").length;
  assert.ok(count >= 1 && count < 200, `${count}`);
  assert.deepEqual(told.slice(-3), ["archives", "rows", "busy"], "what came of them is there when they are read");
});

test("a key that was being read when the keys were forgotten is forgotten, too", async () => {
  const { session } = begun();
  const adding = session.addFiles([key()]);
  session.forget("asked");
  await adding;
  assert.equal(session.hasSecrets, false);
  await session.addFiles([key()]);
  assert.equal(session.hasSecrets, true);
});

test("what was found out about members doesn't count once the archive isn't what was signed", async () => {
  const { session, told } = begun();
  await session.addFiles([archive("calls.zip"), key()]);
  const entry = session.archives[0]!;
  const [first, second, third] = entry.rows;
  for (const row of [first!, second!]) session.learned(row, { authenticity: "authentic" });
  session.learned(third!, { authenticity: "refused" });
  told.length = 0;
  session.verified(entry, { state: "signed", summary: "", problems: [], withdrawn: [1] });
  assert.deepEqual(entry.rows.slice(0, 3).map(({ authenticity }) => authenticity), ["authentic", "unopened", "refused"]);
  assert.deepEqual([session.standing(first!), session.standing(second!)], [first, undefined]);
  assert.deepEqual(told, ["settled", "withdrawn", "archives", "rows", "problem"]);
  session.verified(entry, { state: "not verified", summary: "", problems: [], withdrawn: [...entry.rows.keys()] });
  assert.ok(entry.rows.every(({ authenticity }) => authenticity !== "authentic"));
  assert.equal(session.standing(first!), undefined);
  // With the certificate that was missing, it is what was signed.
  told.length = 0;
  session.verified(entry, { state: "signed", summary: "", problems: [], withdrawn: [] });
  assert.equal(session.standing(first!), first);
  assert.deepEqual(told, ["settled"]);
  session.verified(entry, { state: "not verified", summary: "", problems: [], withdrawn: [0] });
  session.forget("asked");
  assert.equal(entry.withdrawn.size, 0);
});

test("an archive that is closed while it is opened is asked for no longer, and says nothing more", async () => {
  for (const end of ["close", "forget"] as const) {
    const signals: AbortSignal[] = [];
    let refuse = (_: Error) => {};
    const vault = new FakeVault();
    vault.openArchive = (_source, _name, signal) => {
      signals.push(signal);
      return new Promise((_, reject) => (refuse = reject));
    };
    const session = new Session(() => vault);
    const told: Change["what"][] = [];
    session.changes.add(({ what }) => told.push(what));
    const adding = session.addFiles([archive("calls.zip")]);
    while (signals.length === 0) await new Promise(setImmediate);
    const refuseFirst = refuse;
    if (end === "close") await session.closeArchive(session.archives[0]!);
    else session.forget("asked");
    assert.equal(signals[0]!.aborted, true, end);
    refuseFirst(new Error("the server has sent nothing for 60 seconds"));
    if (end === "close") await adding;
    else await new Promise(setImmediate);
    assert.ok(!told.includes("problem"), end);
  }
});

test("an archive that is closed while a key is tried on it says nothing more", async () => {
  let [begin, refuse] = [() => {}, (_: Error) => {}];
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const vault = new FakeVault();
  vault.unlockArchive = () => new Promise((_, reject) => ((refuse = reject), begin()));
  const session = new Session(() => vault);
  const told: Change["what"][] = [];
  await session.addFiles([archive("calls.zip")]);
  session.changes.add(({ what }) => told.push(what));
  const adding = session.addFiles([key()]);
  await begun;
  await session.closeArchive(session.archives[0]!);
  refuse(new Error("the archive was closed"));
  await adding;
  assert.ok(!told.includes("problem"));
});
