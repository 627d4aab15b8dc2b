import { DataError } from "../../../data/errors.ts";
import type { CliContext } from "../../context.ts";

export async function write(
  context: CliContext,
  { check = false, root }: { readonly check?: boolean; readonly root: string },
): Promise<void> {
  const { writeDocuments } = await import("../../../data/clinical/documents/documents.ts");
  const stale = await writeDocuments(root, { check });
  if (check && stale.length > 0)
    throw new DataError(`Out of date: ${stale.join(", ")}. Run millrace docs and commit what it writes.`);
  context.output.result({ written: stale }, () =>
    stale.length === 0 ? "The documents are up to date." : stale.map((path) => `wrote ${path}`).join("\n"),
  );
}
