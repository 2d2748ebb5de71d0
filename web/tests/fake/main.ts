// The page with a fake vault, for tests of the page alone.
import code from "worker:./worker.ts";
import { start } from "../../src/ui/app.ts";
import { startVault } from "../../src/vault/client.ts";

start(() => startVault(code));
