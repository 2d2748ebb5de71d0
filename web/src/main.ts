import code from "worker:./vault/worker.ts";

document.title = `callseal player ${code.length}`;
