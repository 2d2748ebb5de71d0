// Makes elements. Texts are set as text: nothing is ever read as HTML.
import { brief } from "../text/brief.ts";

export type Child = Node | string | undefined | false;

type Value = string | number | boolean | undefined | ((event: never) => void);

export type Properties = Readonly<Record<string, Value>>;

/** `onNAME` listens; `true` sets an attribute without a value; `false` and `undefined` leave it out. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  set(element, properties);
  element.append(...present(children));
  return element;
}

export function set(element: Element, properties: Properties): void {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name.slice("on".length), value as EventListener);
    else if (value === undefined || value === false) element.removeAttribute(name);
    // Titles and labels have names.
    else element.setAttribute(name, value === true ? "" : brief(String(value)));
  }
}

export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...present(children));
}

function present(children: Child[]): (Node | string)[] {
  return children.filter((child) => child !== undefined && child !== false);
}

export function button(label: string, onclick: (event: MouseEvent) => void, properties: Properties = {}, ...children: Child[]): HTMLButtonElement {
  return h("button", { type: "button", ...properties, onclick }, ...(children.length > 0 ? children : [label]));
}

/** A button that shows a picture alone has its name as a label and as a tooltip. */
export function pictureButton(label: string, picture: Node, onclick: (event: MouseEvent) => void, properties: Properties = {}): HTMLButtonElement {
  return button(label, onclick, { "aria-label": label, title: label, ...properties }, picture);
}

/** Listeners of one kind of news. */
export class Listeners<News> {
  readonly #all = new Set<(news: News) => void>();

  /** Returns what takes the listener away. */
  add(listener: (news: News) => void): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }

  tell(news: News): void {
    for (const listener of [...this.#all]) listener(news);
  }
}
