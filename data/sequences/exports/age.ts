import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Lake } from "../../lake.ts";
import { lastFinished } from "../steps.ts";

/** Whether something that was exported into a folder was written before the last build ended. */
export async function isOlderThanBuild(lake: Lake, out: string): Promise<boolean> {
  const finished = await lastFinished(lake);
  if (finished === undefined) return false;
  const found = await Promise.all(
    ["manifest.json", join("meds", "metadata", "dataset.json")].map((file) =>
      stat(join(out, file)).catch(() => undefined),
    ),
  );
  return found.some((file) => file !== undefined && file.mtime < finished);
}
