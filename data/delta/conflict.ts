import type { Action, AddFile } from "./actions.ts";
import { fileKey } from "./path.ts";
import type { Txn } from "./table.ts";

/** Another writer changed what this write stands on, again and again; doing it later may succeed. */
export class ConflictError extends Error {
  override readonly name: string = "ConflictError";
}

/** What a write read and removed, so that it can be told whether another commit leaves it right. */
export interface Claims {
  /** By `fileKey`. */
  readonly removed: ReadonlySet<string>;
  readonly read: "nothing" | "everything" | ReadFiles;
}

export interface ReadFiles {
  /** The files whose rows decided what to do, by `fileKey`. */
  readonly files: ReadonlySet<string>;
  /** Whether rows of files added meanwhile could have decided otherwise. */
  mayMatter(added: readonly AddFile[]): Promise<boolean>;
}

/** Why `theirs` does not let `ours` follow as it is; undefined where both hold. */
export async function conflictWith(
  ours: Claims & { readonly txn?: Txn | undefined },
  theirs: readonly Action[],
): Promise<string | undefined> {
  const removed = theirs.flatMap((action) => ("remove" in action ? [action.remove] : []));
  const added = theirs.flatMap((action) => ("add" in action ? [action.add] : []));

  if (theirs.some((action) => "metaData" in action || "protocol" in action))
    return "the table's columns or properties changed";
  if (theirs.some((action) => "txn" in action && action.txn.appId === ours.txn?.appId))
    return "the same application wrote";
  if (removed.some((file) => ours.removed.has(fileKey(file)))) return "a file that it removes was removed";
  if (ours.read === "nothing") return undefined;
  if (ours.read === "everything") return removed.length + added.length > 0 ? "the rows changed" : undefined;

  const { files, mayMatter } = ours.read;
  if (removed.some((file) => file.dataChange && files.has(fileKey(file))))
    return "rows that it read were removed";
  const news = added.filter(({ dataChange }) => dataChange);
  if (news.length > 0 && (await mayMatter(news))) return "rows that it should have read were added";
  return undefined;
}
