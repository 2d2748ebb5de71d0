// Builds `player.html`, the whole page in one file: build.mjs [--check | --tests | --browser-tests | --bench]
//
// The vault's code is bundled first, and becomes a text inside of the page's script, which starts
// it as a worker. Script and style stand in the page itself; the Content Security Policy
// allows them by their hashes, and nothing else.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const web = path.dirname(fileURLToPath(import.meta.url));
const page = path.join(web, "player.html");

/** Bundles one file. The same sources give the same bytes on every machine. */
async function bundle(entry, options) {
  const result = await build({
    absWorkingDir: web,
    entryPoints: [entry],
    bundle: true,
    write: false,
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    logLevel: "warning",
    ...options,
  });
  return result.outputFiles[0].text;
}

/** `import code from "worker:PATH"` gives the bundled code of a worker as a text. */
const workers = {
  name: "workers",
  setup(of) {
    of.onResolve({ filter: /^worker:/ }, (args) => ({
      path: path.resolve(args.resolveDir, args.path.slice("worker:".length)),
      namespace: "worker",
    }));
    of.onLoad({ filter: /.*/, namespace: "worker" }, async (args) => ({
      contents: await bundle(path.relative(web, args.path), { format: "iife", minify: true, plugins: [workers] }),
      loader: "text",
    }));
  },
};

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** A script ends at the first `</script`, wherever it stands. */
function inElement(name, text) {
  const safe = text.replaceAll(new RegExp(`</(?=${name})`, "gi"), "<\\/").trim();
  if (name === "script" && safe.includes("<!--")) throw new Error("the script holds a comment of HTML");
  return safe;
}

/** Declarations of types are no code of the page. */
const isInPage = ([name, { dev }]) => name !== "" && !dev && !name.startsWith("node_modules/@types/");

/** The licences of the libraries in the page, which ask to be with every copy. */
async function notices() {
  const lock = JSON.parse(await readFile(path.join(web, "package-lock.json"), "utf8"));
  const libraries = Object.entries(lock.packages).filter(isInPage);
  const texts = await Promise.all(
    libraries.map(async ([name, { version, license }]) => {
      const { repository } = JSON.parse(await readFile(path.join(web, name, "package.json"), "utf8"));
      const text = (await readFile(path.join(web, name, "LICENSE"), "utf8")).trim();
      // The MPL asks to say where the source is.
      const source = repository.url.replace(/^git\+/, "").replace(/\.git$/, "");
      return (
        `It contains ${name.replace("node_modules/", "")} ${version} (${license}):\n\n` +
        // Lines of hyphens would end the comment that it stands in.
        `Its source: ${source}\n\n${text.replaceAll(/-{2,}/g, (line) => "=".repeat(line.length))}`
      );
    }),
  );
  const all = ["callseal's player, under MIT or Apache-2.0, as you like.", ...texts].join("\n\n");
  if (all.includes("--")) throw new Error("a licence would end the comment that it stands in");
  return all;
}

async function html(entry = "src/main.ts") {
  const script = inElement("script", await bundle(entry, { format: "iife", minify: true, plugins: [workers] }));
  const style = inElement("style", await bundle("src/style.css", { minify: true }));
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    // The icon, which stands in the page itself.
    "img-src data:",
    "worker-src blob:",
    "connect-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types callseal-workers",
  ].join("; ");
  const template = await readFile(path.join(web, "src/page.html"), "utf8");
  const parts = { notices: await notices(), policy, style, script };
  return template.replaceAll(/\{\{(\w+)\}\}/g, (_, name) => {
    if (!(name in parts)) throw new Error(`page.html: unknown part ${name}`);
    return parts[name];
  });
}

/** Bundles the tests of a directory, so that Node can run them. */
async function tests(directory, output, ending = ".test.ts") {
  await mkdir(path.join(web, output), { recursive: true });
  const names = (await readdir(path.join(web, directory))).filter((name) => name.endsWith(ending));
  await build({
    absWorkingDir: web,
    entryPoints: names.map((name) => path.join(directory, name)),
    bundle: true,
    outdir: output,
    outExtension: { ".js": ".mjs" },
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    plugins: [workers],
    sourcemap: "inline",
    logLevel: "warning",
  });
}

switch (process.argv[2]) {
  case undefined:
    await writeFile(page, await html());
    break;
  case "--check":
    if ((await readFile(page, "utf8")) !== (await html())) {
      console.error("error: web/player.html is not what its sources give\nhint: run `make player`, and commit it");
      process.exitCode = 1;
    }
    break;
  case "--tests":
    await tests("tests", ".build/tests");
    break;
  case "--browser-tests":
    await tests("tests/browser", ".build/browser");
    // The same page over a vault that is made up.
    await writeFile(path.join(web, ".build/fake.html"), await html("tests/fake/main.ts"));
    break;
  case "--bench":
    await tests("bench", ".build/bench", ".bench.ts");
    break;
  default:
    console.error(`error: unknown option ${process.argv[2]}`);
    process.exitCode = 2;
}
