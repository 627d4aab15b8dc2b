import type { DuckDBConnection } from "@duckdb/node-api";
import type { Lake } from "../lake.ts";
import { type Check, checks } from "./check.ts";
import { describeSteps, openExports, openSource } from "./check-inputs.ts";
import { openBuild } from "./open-build.ts";
import { countRemakeDifferences } from "./remake.ts";
import { countMissingFacts } from "./report.ts";
import { lastSteps } from "./steps.ts";

export interface CheckResult {
  readonly id: string;
  readonly says: string;
  /** Null when there was nothing to look at. */
  readonly violations: number | null;
  /** Why it was not looked at. */
  readonly reason?: string;
}

export interface CheckOptions {
  /** The release the tables were read from: its lines are counted anew. */
  readonly source?: string | undefined;
  /** A folder that `sequences export` wrote into. */
  readonly out?: string | undefined;
  readonly signal?: AbortSignal;
  onCheck?(result: CheckResult): void;
}

interface Ground {
  readonly lake: Lake;
  readonly connection: DuckDBConnection;
  readonly hasSource: boolean;
  readonly isPublished: boolean;
  readonly exported: ReadonlySet<string>;
}

type CheckInCode = Pick<Check, "id" | "says"> & { count(ground: Ground): Promise<number> };

/** Checks that no query over the tables can make. */
export const checksInCode: readonly CheckInCode[] = [
  {
    id: "A37",
    says: "a range of subjects that is made again, alone, has the events and tokens that the tables have",
    count: ({ lake }) => countRemakeDifferences(lake),
  },
  {
    id: "A50",
    says: "the report tells everything it is to tell",
    count: ({ lake }) => countMissingFacts(lake),
  },
];

const everyCheck = [...checks, ...checksInCode].sort((a, b) => numberOf(a) - numberOf(b));

function numberOf({ id }: Pick<Check, "id">): number {
  return Number(id.slice(1));
}

/** Runs every check that has something to look at. */
export async function runChecks(lake: Lake, options: CheckOptions): Promise<CheckResult[]> {
  const connection = await (await lake.duckdb()).connect();
  try {
    await openBuild(lake, connection);
    const ground: Ground = {
      lake,
      connection,
      isPublished: await describeSteps(connection, await lastSteps(lake)),
      hasSource: await openSource(connection, options.source),
      exported: await openExports(connection, options.out),
    };
    const results: CheckResult[] = [];
    for (const check of everyCheck) {
      options.signal?.throwIfAborted();
      const result = await runCheck(check, ground);
      results.push(result);
      options.onCheck?.(result);
    }
    return results;
  } finally {
    connection.closeSync();
  }
}

async function runCheck(check: Check | CheckInCode, ground: Ground): Promise<CheckResult> {
  const { id, says } = check;
  if ("count" in check) return { id, says, violations: await check.count(ground) };
  const reason = whyNot(check, ground);
  if (reason) return { id, says, violations: null, reason };
  const reader = await ground.connection.runAndReadAll(check.sql);
  return { id, says, violations: Number(reader.getRows()[0]?.[0] ?? 0) };
}

function whyNot({ id, needs }: Check, { hasSource, isPublished, exported }: Ground): string | undefined {
  if (["A1", "A3"].includes(id) && !hasSource) return "needs --source, the release that was read";
  if (id === "A2" && !isPublished) return "no published release has this many patients";
  if (needs && !exported.has(needs)) return `needs --out, a folder with an export of ${needs}`;
  return undefined;
}
