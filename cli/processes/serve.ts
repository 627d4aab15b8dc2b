import type { CliContext } from "../context.ts";
import { stopWithParent } from "./attached.ts";

const mains = {
  api: () => import("../../api/main.ts"),
  scheduler: () => import("../../scheduler/main.ts"),
  worker: () => import("../../workers/main.ts"),
};

/** Becomes one of the cluster's processes. Its main module reads the environment, so options are settings there. */
export async function serve(
  context: CliContext,
  process: keyof typeof mains,
  { attached, settings }: { attached: boolean; settings: Readonly<Record<string, string | undefined>> },
): Promise<void> {
  if (attached) stopWithParent();
  for (const [name, value] of Object.entries(settings)) {
    if (value !== undefined) context.env[name] = value;
  }
  context.config(); // A wrong setting is told before anything starts.
  // Loaded, a main module serves until a signal ends it.
  await mains[process]();
}
