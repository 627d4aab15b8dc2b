import type { AddFile, DeletionVector, RemoveFile } from "./actions.ts";

/**
 * The path that a log's URI means: relative to the table, absolute on this machine (`/x`), or an address in another
 * place (`s3://…`). `/x`, `file:/x` and `file:///x` are one file; a plus sign is a plus sign.
 */
export function decodePath(uri: string): string {
  const local = /^file:(?:\/\/(?:localhost)?)?(?=\/)/i.exec(uri);
  return decodeUri(local ? uri.slice(local[0].length) : uri);
}

/** A percent sign that begins no escape stands for itself: some writers did not encode. */
function decodeUri(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    return uri.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
      try {
        return decodeURIComponent(escapes);
      } catch {
        return escapes;
      }
    });
  }
}

/** The URI of a path relative to the table. A colon is always escaped: in the first segment it would end a scheme. */
export function encodePath(path: string): string {
  return path
    .split("/")
    .map((segment) => encodeURIComponent(segment).replaceAll("%3D", "=").replaceAll("%2C", ","))
    .join("/");
}

/** True of a path that does not lie in the table's own folder by its form: absolute, or an address. */
export function isAbsolute(path: string): boolean {
  return path.startsWith("/") || /^[a-z][a-z0-9+.-]*:\//i.test(path);
}

/** What a logical file is known by: its decoded path and its deletion vector. */
export function fileKey(file: Pick<AddFile | RemoveFile, "path" | "deletionVector">): string {
  const path = decodePath(file.path);
  return file.deletionVector ? `${path}\n${deletionVectorId(file.deletionVector)}` : path;
}

export function deletionVectorId({ storageType, pathOrInlineDv, offset }: DeletionVector): string {
  return `${storageType}${pathOrInlineDv}${offset === undefined ? "" : `@${offset}`}`;
}

export const NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__";

/** The folder of a partition as Hive names it; `encodePath` then encodes its escapes once more. */
export function partitionFolder(column: string, value: string | null): string {
  return `${escapeHive(column)}=${value === null || value === "" ? NULL_PARTITION : escapeHive(value)}`;
}

function escapeHive(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are among what Hive escapes.
  return text.replace(/[\u0000-\u001f"#%'*/:=?\\\u007f{[\]^]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  });
}
