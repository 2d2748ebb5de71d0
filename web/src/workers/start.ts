// Starting the workers whose code is in the page itself.

/** Some browsers fetch the code a little later, in milliseconds. */
const REVOKE_AFTER = 10_000;

interface Policy {
  createScriptURL(url: string): string;
}

let policy: Policy | undefined;

/** The policy accepts the address of the worker's own code alone. Older browsers have no Trusted Types. */
function trusted(url: string): string {
  const types = (globalThis as { trustedTypes?: { createPolicy(name: string, rules: Policy): Policy } }).trustedTypes;
  policy ??= types?.createPolicy("callseal-workers", {
    createScriptURL(address) {
      if (!address.startsWith("blob:")) throw new TypeError("only the page's own code runs as a worker");
      return address;
    },
  });
  return policy ? policy.createScriptURL(url) : url;
}

/** Starts a worker. Its address is gone once the browser has taken the code. */
export function startWorker(code: string): Worker {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker = new Worker(trusted(url));
  // The browser resolves the address when the worker is made.
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_AFTER);
  return worker;
}
