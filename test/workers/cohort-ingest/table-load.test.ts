import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { enqueue, enqueueMany } from "../../../queues/enqueue.ts";
import { untilEnded } from "../../../queues/watch.ts";
import { Input, tableLoad } from "../../../workers/cohort-ingest/table-load/job.ts";
import { startPool } from "../../../workers/pool.ts";
import { jobOfKind } from "../../../workers/registry.ts";
import { test } from "../../support/test.ts";

const pools = ["cohort-ingest"] as const;

async function fileOf(dir: string, name: string, id: number): Promise<string> {
  const path = join(dir, `${name}.csv`);
  await writeFile(path, `id,note\n${id},${name}\n`);
  return path;
}

function inputOf(path: string, mode: Input["mode"]) {
  return Input.parse({ path, table: "corpus.notes", format: "csv", mode });
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
