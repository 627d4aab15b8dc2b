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
  context.output.table({ written: check ? [] : stale }, [{ title: check ? "out of date" : "written" }], () =>
    stale.map((path) => [path]),
  );
}
