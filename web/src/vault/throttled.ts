// Progress, as often as a page can draw it.

/** The time between two reports of a progress, in milliseconds. */
export const REPORT_EVERY = 100;

/** Passes on a progress now and then: the page couldn't draw more. */
export function throttled<T>(onProgress: (progress: T) => void): (progress: T) => void {
  let reported = 0;
  return (progress) => {
    const now = Date.now();
    if (now - reported < REPORT_EVERY) return;
    reported = now;
    onProgress(progress);
  };
}
