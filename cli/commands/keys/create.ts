import { createKey, type Role } from "../../../api/keys.ts";
import type { CliContext } from "../../context.ts";
import { keysFileOf } from "./file.ts";

export async function create(
  context: CliContext,
  name: string,
  options: { readonly role: Role; readonly file?: string },
): Promise<void> {
  const file = keysFileOf(context, options);
  const key = await createKey(file, name, options.role);
  context.output.result({ name, role: options.role, key }, () => key);
  context.output.say(`The key ${name} may ${options.role}. It is not kept and cannot be shown again.`);
}
