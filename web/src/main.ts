import code from "worker:./vault/worker.ts";
import { start } from "./ui/app.ts";
import { startVault } from "./vault/client.ts";

start(() => startVault(code));
