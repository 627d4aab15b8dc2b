import { mkdtemp, rm, statfs } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { CliSettings } from "../settings.ts";
import type { Check } from "./finding.ts";

const GIB = 1024 ** 3;
const oldestNode = [20, 19] as const;

export function nodeCheck(version: string): Check {
  return {
    name: "Node",
    async look() {
      const [major = 0, minor = 0] = version.split(".").map(Number);
      const recent = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
      if (recent) return { status: "ok", found: version };
      return { status: "fail", found: version, next: `Install Node ${oldestNode.join(".")} or newer.` };
    },
  };
}

/** The engine is a native part: it loads on the machine it was installed for, and nowhere else. */
export function engineCheck({ duckdb }: CliSettings): Check {
  return {
    name: "DuckDB",
    async look() {
      const { openDuckDB } = await import("../../data/sql/duckdb.ts");
      const { z } = await import("zod");
      using engine = await openDuckDB(duckdb);
      const [row] = await engine.query(z.object({ version: z.string() }), "select version() as version");
      const limits = `${Math.round(duckdb.memoryBytes / 1024 ** 2)} MiB, ${duckdb.threads} threads a process`;
      return { status: "ok", found: `${row?.version}, ${limits}` };
    },
  };
}

/** It is compiled at installation, and left out without a word where that fails. */
export const graphCheck: Check = {
  name: "hnswlib-node",
  async look() {
    const { howToInstall, loadBinding } = await import("../../data/vectors/hnsw/binding.ts");
    if (await loadBinding()) return { status: "ok", found: "loads: searches may use a graph" };
    return { status: "warn", found: "not installed: a search compares every row", next: howToInstall };
  },
};

export function folderCheck(name: string, setting: string, folder: string): Check {
  return {
    name,
    async look() {
      const path = folder.startsWith("file:") ? fileURLToPath(folder) : resolve(folder);
      const refusal = await writeRefusal(path);
      if (refusal) {
        return {
          status: "fail",
          found: refusal,
          next: `Give this user the right to write there, or set ${setting}.`,
        };
      }
      const { bavail, bsize } = await statfs(await nearest(path));
      const free = bavail * bsize;
      const found = `${folder}, ${(free / GIB).toFixed(1)} GiB free`;
      if (free < GIB / 2)
        return { status: "fail", found, next: `Free some space, or set ${setting} to another disk.` };
      if (free < 5 * GIB)
        return { status: "warn", found, next: "Free some space before large cohorts land here." };
      return { status: "ok", found };
    },
  };
}

async function writeRefusal(path: string): Promise<string | undefined> {
  try {
    const probe = await mkdtemp(join(await nearest(path), ".millrace-doctor-"));
    await rm(probe, { recursive: true });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The folder itself or, before the first use, the one it will be made in. */
async function nearest(path: string): Promise<string> {
  const exists = await statfs(path).then(
    () => true,
    () => false,
  );
  return exists || path === dirname(path) ? path : nearest(dirname(path));
}
