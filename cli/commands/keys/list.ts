import { listKeys } from "../../../api/keys.ts";
import type { CliContext } from "../../context.ts";
import { age } from "../../quantities.ts";
import { keysFileOf } from "./file.ts";

const columns = [{ title: "key" }, { title: "role" }, { title: "made", align: "right" }] as const;

export async function list(context: CliContext, options: { readonly file?: string }): Promise<void> {
  const keys = await listKeys(keysFileOf(context, options));
  context.output.table(
    keys.map(({ name, role, created }) => ({ name, role, created })),
    columns,
    (paint) => keys.map(({ name, role, created }) => [paint("bold", name), role, age(Date.parse(created))]),
    "No keys. Make one: millrace keys create NAME --role admin",
  );
}
