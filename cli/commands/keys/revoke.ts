import { revokeKey } from "../../../api/keys.ts";
import type { CliContext } from "../../context.ts";
import { keysFileOf } from "./file.ts";

export async function revoke(
  context: CliContext,
  name: string,
  options: { readonly file?: string },
): Promise<void> {
  await revokeKey(keysFileOf(context, options), name);
  context.output.result({ revoked: name }, () => `The key ${name} is worthless now.`);
}
