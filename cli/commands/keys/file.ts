import type { CliContext } from "../../context.ts";
import { UsageFailure } from "../../failure.ts";

export function keysFileOf(context: CliContext, { file }: { readonly file?: string }): string {
  const path = file ?? context.config().api.keysFile;
  if (path) return path;
  throw new UsageFailure("No file of keys is named.", "set API_KEYS_FILE, or add --file keys.json");
}
