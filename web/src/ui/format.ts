// Numbers, times and sizes for people.

const COUNT = new Intl.NumberFormat("en-GB");

/** `1,204 members` */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${COUNT.format(count)} ${count === 1 ? one : many}`;
}

export function formatCount(count: number): string {
  return COUNT.format(count);
}

export function formatSize(octets: number): string {
  if (octets < 1024) return `${octets} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = octets;
  let unit = "";
  for (const next of units) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** `2026-11-30 09:05` in UTC. Archives can say times that no calendar has. */
export function formatTime(milliseconds: number | undefined, withSeconds = false): string {
  if (milliseconds === undefined) return "";
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) return "";
  return date.toISOString().replace("T", " ").slice(0, withSeconds ? 19 : 16);
}

/** `1:05`, `1:02:05` */
export function formatPosition(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (part: number) => String(part).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** For a screen reader: `1 min 5 s`. */
export function spokenDuration(seconds: number): string {
  const whole = Math.floor(seconds);
  const parts = [
    [Math.floor(whole / 3600), "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ] as const;
  return parts.filter(([value, unit]) => value > 0 || (unit === "s" && whole === 0)).map(([value, unit]) => `${value} ${unit}`).join(" ");
}
