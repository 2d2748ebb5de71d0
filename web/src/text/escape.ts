// Regular expressions of texts.

/** Returns a regular expression that matches a text as it is. */
export const escaped = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
