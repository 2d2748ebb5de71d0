// The memory of the browsers that this process has started.

import { readFileSync, readdirSync } from "node:fs";

/** Returns the most that one of the browser's processes for pages has ever used, in octets. */
export function peakMemory(): number {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((id) => isOurs(id) && isOfPages(id));
  return Math.max(0, ...processes.map(peakOf));
}

function read(id: number, file: string): string {
  try {
    return readFileSync(`/proc/${id}/${file}`, "utf8");
  } catch {
    return "";
  }
}

/** A process that ended meanwhile has no parent. */
function parentOf(id: number): number {
  return Number(/^PPid:\s*(\d+)/m.exec(read(id, "status"))?.[1] ?? 0);
}

function isOurs(id: number): boolean {
  for (let at = id; at > 1; at = parentOf(at)) if (at === process.pid) return true;
  return false;
}

const isOfPages = (id: number) => read(id, "cmdline").includes("--type=renderer");

const peakOf = (id: number) => 1024 * Number(/^VmHWM:\s*(\d+)/m.exec(read(id, "status"))?.[1] ?? 0);
