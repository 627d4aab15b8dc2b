import { tmpdir } from "node:os";
import { join } from "node:path";

/** Of this user alone: the system's temporary folder is everybody's, and what another made there we may not write to. */
export const ownTempDir = join(tmpdir(), `millrace-${process.getuid?.() ?? "user"}`);
