import { serve } from "../../src/vault/wire.ts";
import { FakeCore } from "./core.ts";

serve(new FakeCore());
