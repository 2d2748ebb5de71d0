// What shows the content of a member.
export interface Viewer {
  readonly element: HTMLElement;
  /** Whether it uses the height that it's given, or has its own one. */
  readonly fillsHeight: boolean;
  readonly isPlaying: boolean;
  /** Says whether the key was one of its own. */
  key(event: KeyboardEvent): boolean;
  /** Frees all that it holds. */
  close(): void;
}
