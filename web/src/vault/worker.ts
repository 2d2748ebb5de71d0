// The worker in which the vault lives.

import { VaultCore } from "./core.ts";
import { serve } from "./wire.ts";

serve(new VaultCore());
