import { rmSync } from "node:fs";
import { Socket } from "node:net";
import type { QueryTables } from "../query-tables.ts";
import { encodeResult, type QueryResult, runQuery } from "../run-query.ts";
import { failureOf } from "./failure.ts";
import { writeFrames } from "./frames.ts";
import type { FromProcess, ToProcess } from "./messages.ts";

/** A process behind the wall: it runs one query after another, and has neither keys nor settings of the lake. */

const ROWS_PIPE = 3;
const WATCH_MS = 20;

const rows = new Socket({ fd: ROWS_PIPE, readable: false, writable: true });
let folder: string | undefined;
let result: QueryResult | undefined;
let watch: NodeJS.Timeout | undefined;
let answer: ((message: ToProcess) => void) | undefined;

process.on("message", (message: ToProcess) => {
  switch (message.kind) {
    case "ask":
      return void run(message);
    case "give":
      return void give(message.format);
    case "end":
      return void end();
    default:
      answer?.(message);
  }
});
// A Ctrl-C reaches all processes of a terminal; who asked decides what it means.
process.on("SIGINT", () => undefined);
// Whoever asked is gone, however that came about.
process.on("disconnect", () => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  process.kill(process.pid, "SIGKILL");
});

const tables: QueryTables = {
  async sqlOf(named, asOf) {
    const reply = await wanted({ kind: "want-table", named, asOf });
    if (reply.kind !== "table") throw new Error("The table is not to be had.");
    return reply.sql;
  },
  async names() {
    const reply = await wanted({ kind: "want-names" });
    if (reply.kind !== "names") throw new Error("The names are not to be had.");
    return reply.names;
  },
};

function tell(message: FromProcess, told: () => void = () => undefined): void {
  process.send?.(message, told);
}

function wanted(message: FromProcess): Promise<ToProcess> {
  return new Promise((resolve) => {
    answer = resolve;
    tell(message);
  });
}

async function run({ sql, asOf, limits, residentBytes }: ToProcess & { kind: "ask" }): Promise<void> {
  folder = limits.tempDir;
  watch = setInterval(() => {
    if (process.memoryUsage.rss() <= residentBytes) return;
    clearInterval(watch);
    // What the engine allocates outside its limit it does not give back when it is asked to stop.
    tell({ kind: "over-memory" }, () => process.kill(process.pid, "SIGKILL"));
  }, WATCH_MS);
  try {
    result = await runQuery(tables, { sql, asOf }, limits);
    const columns = result.columns.map(({ name, type }) => ({ name, type: String(type) }));
    tell({ kind: "ready", columns, rowCount: result.rowCount });
  } catch (error) {
    tell({ kind: "failed", failure: failureOf(error) });
  }
}

async function give(format: Parameters<typeof encodeResult>[1]): Promise<void> {
  try {
    if (result) await writeFrames(rows, encodeResult(result, format));
  } catch (error) {
    // The reply has begun, so its end must be missing.
    tell({ kind: "failed", failure: failureOf(error) }, () => process.kill(process.pid, "SIGKILL"));
  }
}

async function end(): Promise<void> {
  await result?.[Symbol.asyncDispose]();
  clearInterval(watch);
  result = undefined;
  folder = undefined;
  tell({ kind: "ended", residentBytes: process.memoryUsage.rss() });
}
