import type { StoredObject } from "../storage/storage.ts";

/** The state of a table at one version: one file, or the parts of one. */
export interface Checkpoint {
  readonly version: number;
  readonly format: "parquet" | "json";
  readonly files: readonly StoredObject[];
}

const oneFile = /^(\d{20})\.checkpoint(?:\.[0-9a-f-]{36})?\.(parquet|json)$/i;
const onePart = /^(\d{20})\.checkpoint\.(\d{10})\.(\d{10})\.parquet$/;

/** The checkpoints among the files of a log, newest first. One with a part missing does not exist. */
export function groupCheckpoints(files: readonly StoredObject[], folder: string): Checkpoint[] {
  const checkpoints: Checkpoint[] = [];
  const parts = new Map<string, { version: number; count: number; files: StoredObject[] }>();
  for (const file of files) {
    const name = file.key.slice(folder.length);
    const whole = oneFile.exec(name);
    const part = onePart.exec(name);
    if (whole) {
      const format = whole[2] === "json" ? "json" : "parquet";
      checkpoints.push({ version: Number(whole[1]), format, files: [file] });
    } else if (part) {
      const group = `${part[1]}/${part[3]}`;
      const found = parts.get(group) ?? { version: Number(part[1]), count: Number(part[3]), files: [] };
      found.files.push(file);
      parts.set(group, found);
    }
  }
  for (const { version, count, files: found } of parts.values())
    if (found.length === count) checkpoints.push({ version, format: "parquet", files: found });
  return checkpoints.sort((a, b) => b.version - a.version);
}
