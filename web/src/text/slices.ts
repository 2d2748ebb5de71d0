// Long work in short parts, so that the page answers between them.

const PART_MILLISECONDS = 12;

/** Runs a generator to its end. `onPart` sees its last value of each part. */
export async function inSlices<Step, Result>(
  work: Generator<Step, Result>,
  signal: AbortSignal,
  onPart: (step: Step) => void = () => {},
): Promise<Result> {
  let end = performance.now() + PART_MILLISECONDS;
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    if (performance.now() < end) continue;
    onPart(step.value);
    await pause();
    signal.throwIfAborted();
    end = performance.now() + PART_MILLISECONDS;
  }
}

/** Unlike a timer, a message isn't held back while the page is in the background. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
