// Small pictures, drawn with lines: the page loads no images.

const PATHS = {
  archive: "M2 3h12v3H2zM3 6v7h10V6M6.5 9h3",
  audio: "M2 8h1.5M5 5v6M8 2.5v11M11 5v6M14 8h-1.5",
  back: "M13 8H3m4-4L3 8l4 4",
  check: "M8 1.5 13.5 4v4c0 3.5-2.5 5.5-5.5 6.5C5 13.5 2.5 11.5 2.5 8V4zM5.5 8l2 2 3.5-4",
  close: "m4 4 8 8m0-8-8 8",
  cross: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM5.5 5.5l5 5m0-5-5 5",
  down: "m4 6 4 4 4-4",
  up: "m4 10 4-4 4 4",
  help: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM6 6.2c.2-2.4 4-2.2 4 0C10 7.7 8 7.5 8 9.3M8 11.3v.4",
  json: "M6 2C4 2 4.5 4 4.5 5.5S4 8 2.5 8C4 8 4.5 9 4.5 10.5S4 14 6 14M10 2c2 0 1.5 2 1.5 3.5S12 8 13.5 8C12 8 11.5 9 11.5 10.5S12 14 10 14",
  key: "M7.5 8a2.8 2.8 0 1 1-5.6 0 2.8 2.8 0 0 1 5.6 0zM7.5 8h6.7v2.8M11 8v2.2",
  lock: "M3.5 7h9v7h-9zM5.5 7V4.5a2.5 2.5 0 0 1 5 0V7",
  open: "M3.5 7h9v7h-9zM5.5 7V4a2.5 2.5 0 0 1 4.8-1",
  other: "M4 1.5h5l3 3v10H4zM9 1.5v3h3",
  pause: "M5 3v10M11 3v10",
  person: "M8 2a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM3 14c0-6 10-6 10 0",
  play: "M4.5 2.5v11l9-5.5z",
  save: "M8 2v8m-3-3 3 3 3-3M3 13h10",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.5 10.5l3.5 3.5",
  text: "M3 4h10M3 7h10M3 10h10M3 13h6",
  unopened: "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z",
  volume: "M2.5 6v4h2.5l3 2.5v-9L5 6zM10.5 6c1 1 1 3 0 4M12.5 4.5c2 2 2 5 0 7",
  warning: "M8 2 14.5 13.5h-13zM8 6.5v3M8 11.3v.4",
  xml: "m5 4-3.5 4L5 12M11 4l3.5 4L11 12M9 3 7 13",
} as const;

export type IconName = keyof typeof PATHS;

const SVG = "http://www.w3.org/2000/svg";

export function icon(name: IconName): SVGSVGElement {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", "0 0 16 16");
  picture.setAttribute("class", `icon icon-${name}`);
  picture.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  picture.append(path);
  return picture;
}
