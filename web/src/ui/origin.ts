// Where this page takes archives from; its own element says it.
import type { Problem } from "../vault/protocol.ts";

export type Origin =
  /** Files alone: the page has no network. */
  | { readonly kind: "dropped" }
  /** The server of the page has a list of them. */
  | { readonly kind: "served" }
  /** Addresses below this one. */
  | { readonly kind: "store"; readonly base: string };

export interface Served {
  readonly name: string;
  readonly url: string;
}

export function originOf(setting: string | undefined): Origin {
  if (setting === "served") return { kind: "served" };
  const store = /^from (https?:\/\/\S+)$/.exec(setting ?? "")?.[1];
  return store !== undefined && URL.canParse(store) ? { kind: "store", base: new URL(store).href } : { kind: "dropped" };
}

/** Reads `archives.json`. What isn't as it should be is left out. */
export function servedArchives(list: unknown, base: string): Served[] {
  const archives: unknown = isObject(list) ? list["archives"] : undefined;
  if (!Array.isArray(archives)) throw new TypeError("it has no list of archives");
  return archives.flatMap((archive: unknown) => {
    if (!isObject(archive)) return [];
    const { name, url } = archive;
    return typeof name === "string" && typeof url === "string" && URL.canParse(url, base) ? [{ name, url: new URL(url, base).href }] : [];
  });
}

/** The archive at an address that was typed, if it's below the store's. */
export function addressBelow(base: string, typed: string): Served | Problem {
  const wrong = { message: `${typed} isn't an address below ${base}`, hint: "this page reads archives from there alone" };
  if (!URL.canParse(typed, base)) return wrong;
  const url = new URL(typed, base);
  const root = new URL(base);
  const directory = root.pathname.endsWith("/") ? root.pathname : `${root.pathname}/`;
  if (url.origin !== root.origin || !url.pathname.startsWith(directory) || url.pathname === directory) return wrong;
  const last = url.pathname.slice(url.pathname.lastIndexOf("/") + 1);
  return { name: decoded(last) || url.pathname, url: url.href };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
