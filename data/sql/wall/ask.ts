import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Lake } from "../../lake.ts";
import type { PieceFormat } from "../formats/encoders.ts";
import { QueryLimitError, tooLong, tooMuchMemory } from "../query-error.ts";
import { tablesOf } from "../query-tables.ts";
import { QueryTurns } from "../query-turns.ts";
import type { Query, QueryLimits } from "../run-query.ts";
import { errorOf } from "./failure.ts";
import type { FromProcess } from "./messages.ts";
import type { QueryProcess } from "./query-process.ts";
import { giveBack, replace, takeProcess } from "./warm-processes.ts";

/** A query that has succeeded: its rows wait in another process to be fetched, once. */
export interface Answer extends AsyncDisposable {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rowCount: number;
  pieces(format: PieceFormat): AsyncGenerator<Uint8Array>;
}

const QUERIES_AT_ONCE = 2;
const turns = new QueryTurns(QUERIES_AT_ONCE);

/** What a process takes beside what its engine counts: Node, the code, and rows on their way. */
const BESIDE_BYTES = 400 * 1024 ** 2;
/** An engine is asked to stop first; what does not hear by then is ended. */
const GRACE_MS = 1_000;
const FORGET_MS = 10_000;

/**
 * Runs a stranger's query in a process of its own, which is ended when the query takes too long or too much memory, or
 * when nobody waits for it any more: the engine's own limits do not hold for all that its functions do.
 * The memory of the limits is what all queries of this process may hold together.
 */
export async function askWalled(lake: Lake, query: Query, limits: QueryLimits): Promise<Answer> {
  const until = performance.now() + limits.timeoutMs;
  const endTurn = await takeTurn(query, limits);
  const memoryBytes = limits.memoryBytes / QUERIES_AT_ONCE;
  let process: QueryProcess | undefined;
  let tempDir: string | undefined;
  let late: NodeJS.Timeout | undefined;
  const leave = () => process?.kill();

  const close = async (isWhole: boolean) => {
    clearTimeout(late);
    query.signal?.removeEventListener("abort", leave);
    try {
      if (process) await release(process, isWhole, query.signal);
      if (tempDir !== undefined) await rm(tempDir, { recursive: true, force: true });
    } finally {
      endTurn();
    }
  };

  try {
    await mkdir(limits.tempDir, { recursive: true });
    tempDir = await mkdtemp(join(limits.tempDir, "query-"));
    process = takeProcess();
    const leftMs = Math.max(1, Math.ceil(until - performance.now()));
    late = setTimeout(leave, leftMs + GRACE_MS);
    query.signal?.addEventListener("abort", leave, { once: true });
    query.signal?.throwIfAborted();
    process.tell({
      kind: "ask",
      sql: query.sql,
      asOf: query.asOf,
      limits: { ...limits, memoryBytes, tempDir, timeoutMs: leftMs },
      residentBytes: memoryBytes + BESIDE_BYTES,
    });
    const { columns, rowCount } = await untilReady(lake, process);
    clearTimeout(late);
    return answerOf(process, { columns, rowCount }, query.signal, close);
  } catch (error) {
    await close(process?.isAlive ?? false);
    query.signal?.throwIfAborted();
    const isOfTime = error instanceof QueryLimitError && error.limit === "time";
    const wasEnded = error instanceof ProcessEndedError && performance.now() >= until;
    if (isOfTime || wasEnded) throw tooLong(limits.timeoutMs, error);
    throw error instanceof ProcessEndedError && error.isOfMemory ? tooMuchMemory(error) : error;
  }
}

async function takeTurn({ signal }: Query, { timeoutMs }: QueryLimits): Promise<() => void> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    return await turns.take(signal ? AbortSignal.any([signal, timeout]) : timeout);
  } catch (error) {
    signal?.throwIfAborted();
    throw timeout.aborted ? tooLong(timeoutMs, error) : error;
  }
}

class ProcessEndedError extends Error {
  override readonly name = "ProcessEndedError";
  /** So a system that runs out of memory ends a process, and so a process ends itself that is given none. */
  readonly isOfMemory: boolean;

  constructor(signal: NodeJS.Signals | null) {
    super(`The process that ran the query ended${signal ? ` by ${signal}` : ""}: ask again.`);
    this.isOfMemory = signal === "SIGKILL" || signal === "SIGABRT";
  }
}

/** Gives the query what it needs of the lake, until its rows are complete. */
async function untilReady(lake: Lake, process: QueryProcess): Promise<FromProcess & { kind: "ready" }> {
  const tables = tablesOf(lake);
  let refusal: { readonly error: unknown } | undefined;
  for await (const message of process.hear()) {
    switch (message.kind) {
      case "want-table":
        try {
          process.tell({ kind: "table", sql: await tables.sqlOf(message.named, message.asOf) });
        } catch (error) {
          refusal = { error };
          process.tell({ kind: "refused" });
        }
        break;
      case "want-names":
        process.tell({ kind: "names", names: await tables.names() });
        break;
      case "ready":
        return message;
      case "failed":
        throw refusal ? refusal.error : errorOf(message.failure);
      case "over-memory":
        throw tooMuchMemory();
    }
  }
  throw new ProcessEndedError(await process.ended());
}

function answerOf(
  process: QueryProcess,
  { columns, rowCount }: Pick<Answer, "columns" | "rowCount">,
  signal: AbortSignal | undefined,
  close: (isWhole: boolean) => Promise<void>,
): Answer {
  let given: "nothing" | "a part" | "all" = "nothing";
  return {
    columns,
    rowCount,
    async *pieces(format) {
      if (given !== "nothing") throw new Error("The rows were fetched already.");
      given = "a part";
      process.tell({ kind: "give", format });
      try {
        yield* process.reply();
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      }
      given = "all";
    },
    [Symbol.asyncDispose]: () => close(given !== "a part" && process.isAlive),
  };
}

/** A process whose rows were fetched, or never will be, forgets the query; another one is ended. */
async function release(
  process: QueryProcess,
  isWhole: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  const residentBytes = isWhole ? await forget(process) : undefined;
  if (residentBytes !== undefined) await giveBack(process, residentBytes);
  else if (signal?.aborted) await process.end();
  else await replace(process);
}

/** Answers what the process holds afterwards; nothing when it ended. */
async function forget(process: QueryProcess): Promise<number | undefined> {
  const late = setTimeout(() => process.kill(), FORGET_MS);
  try {
    process.tell({ kind: "end" });
    for await (const message of process.hear()) if (message.kind === "ended") return message.residentBytes;
    return undefined;
  } finally {
    clearTimeout(late);
  }
}
