import type { IncomingMessage } from "node:http";
import { addressOf, checkRole, identify } from "./access.ts";
import type { Caller } from "./define-route.ts";
import type { KeyRing } from "./key-ring.ts";
import type { Role } from "./keys.ts";
import { Problem } from "./problem.ts";
import type { RateLimit } from "./rate-limit.ts";

export interface Gate {
  /** Undefined on loopback without a keys file: then nobody needs a key. */
  readonly keys: KeyRing | undefined;
  readonly rateLimit: RateLimit;
}

/** Who calls, once their key, their allowance and, where one is needed, their role have been looked at. */
export function admit(request: IncomingMessage, { keys, rateLimit }: Gate, needed?: Role): Caller {
  let caller: Caller;
  try {
    caller = identify(request, keys);
  } catch (error) {
    // Guessing at keys costs the address its allowance.
    spend(rateLimit, addressOf(request));
    throw error;
  }
  spend(rateLimit, caller.name);
  if (needed) checkRole(caller, needed);
  return caller;
}

function spend(rateLimit: RateLimit, name: string) {
  const refused = rateLimit.take(name);
  if (!refused) return;
  throw new Problem("rate-limited", `Ask again in ${refused.retryAfterS} s.`, {
    headers: { "retry-after": String(refused.retryAfterS) },
  });
}
