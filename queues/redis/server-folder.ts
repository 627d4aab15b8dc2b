import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of a lake's own Redis: in the lake, or beside the cache when the lake is not on this machine. */
export function serverFolder(lakeUrl: string, cacheDir: string): string {
  if (lakeUrl.startsWith("file:")) return join(fileURLToPath(lakeUrl), "_redis");
  if (!lakeUrl.includes("://")) return join(lakeUrl, "_redis");
  const name = createHash("sha256").update(lakeUrl).digest("hex").slice(0, 16);
  return join(cacheDir, `redis-${name}`);
}
