import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect } from "vitest";
import type { CrashPoint } from "../../../data/crash-point.ts";
import { enqueue, enqueueMany } from "../../../queues/enqueue.ts";
import type { QueueAddress } from "../../../queues/queues.ts";
import { untilEnded } from "../../../queues/watch.ts";
import { Input, tableLoad } from "../../../workers/cohort-ingest/table-load/job.ts";
import { startPool } from "../../../workers/pool.ts";
import { jobOfKind } from "../../../workers/registry.ts";
import type { Order } from "../../chaos/worker.ts";
import { test } from "../../support/test.ts";

const program = fileURLToPath(new URL("../../chaos/worker.ts", import.meta.url));
const quick = { lockMs: 1_000, stalledCheckMs: 250 };
const pools = ["cohort-ingest"] as const;

async function fileOf(dir: string, name: string, id: number): Promise<string> {
  const path = join(dir, `${name}.csv`);
  await writeFile(path, `id,note\n${id},${name}\n`);
  return path;
}

function inputOf(path: string, mode: Input["mode"]) {
  return Input.parse({ path, table: "corpus.notes", format: "csv", mode });
}

/** A worker that takes one job and is killed at this point of it. */
async function dieAt(point: CrashPoint, dir: string, { redisUrl, prefix }: QueueAddress): Promise<void> {
  const lakeDir = join(dir, "lake");
  const crashAt = { point, signal: "SIGKILL" } as const;
  const order: Order = { redisUrl, prefix, dir, lakeDir, pools, ...quick, concurrency: 1, crashAt };
  const worker = fork(program, [JSON.stringify(order)], { execArgv: ["--import", "tsx"] });
  expect((await once(worker, "exit"))[1]).toBe("SIGKILL");
}

test("files to be appended to one table while the first waits are all appended", async ({
  dir,
  lake,
  services,
}) => {
  const paths = await Promise.all(["a", "b", "c"].map((name, id) => fileOf(dir, name, id)));

  const asked = await enqueueMany(
    services.queues,
    tableLoad,
    paths.map((path) => inputOf(path, "append")),
  );
  const twice = await enqueue(services.queues, tableLoad, inputOf(paths[1] ?? "", "append"));
  await using _pool = await startPool(services, { pools, jobOf: jobOfKind, concurrency: 3 });
  await Promise.all(asked.map(({ id }) => untilEnded(services.queues, id)));

  expect(twice).toMatchObject({ added: false, id: asked[1]?.id });
  expect((await lake.table("corpus.notes").snapshot()).rowCount()).toBe(3);
});

describe("a worker that is killed in the middle of a load", () => {
  for (const [point, mode] of [
    ["files-written", "create"],
    ["committed", "create"],
    ["committed", "append"],
  ] as const) {
    test(`at ${point} of ${mode}: its job ends with the rows once`, async ({
      address,
      dir,
      lake,
      services,
    }) => {
      const table = lake.table("corpus.notes");
      if (mode === "append")
        await table.createFrom(
          { sql: "select 0::bigint as id, 'first' as note" },
          {
            columns: [
              { name: "id", type: "long", nullable: true },
              { name: "note", type: "string", nullable: true },
            ],
          },
        );
      const { id } = await enqueue(services.queues, tableLoad, inputOf(await fileOf(dir, "a", 1), mode));
      await dieAt(point, dir, address);
      if (mode === "append") {
        await table.append({ sql: "select 2::bigint as id, 'between' as note" });
        await table.optimize();
      }

      await using _pool = await startPool(services, { pools, jobOf: jobOfKind, ...quick });

      expect(await untilEnded(services.queues, id)).toMatchObject({ state: "completed" });
      expect((await table.snapshot()).rowCount()).toBe(mode === "append" ? 3 : 1);
    });
  }
});
