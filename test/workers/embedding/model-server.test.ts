import { describe, expect, onTestFinished } from "vitest";
import { z } from "zod";
import type { Lake } from "../../../data/lake.ts";
import { openEmbedder } from "../../../data/vectors/embedders/open-embedder.ts";
import { ModelServerError } from "../../../data/vectors/errors.ts";
import { startPool } from "../../../workers/pool.ts";
import { jobOfKind } from "../../../workers/registry.ts";
import { ModelServer } from "../../support/model-server.ts";
import { test } from "../../support/test.ts";
import { createNotesIndex, refresh, vectorsOf, writeNotes } from "./lake-of-notes.ts";

const pool = { pools: ["embedding"] as const, jobOf: jobOfKind };

async function startServer(): Promise<ModelServer> {
  const server = await ModelServer.start();
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

function manyNotes(count: number) {
  return Array.from({ length: count }, (_, i) => ({ id: `n${i}`, note: `Note number ${i} of a patient.` }));
}

async function lengths(lake: Lake): Promise<number[]> {
  const sql = await (await lake.table("vectors.notes").snapshot()).readSql();
  const rows = await (await lake.duckdb()).query(
    z.object({ length: z.number() }),
    `select distinct round(sqrt(list_dot_product(vector, vector)), 4)::double as length from (${sql})`,
  );
  return rows.map(({ length }) => length);
}

describe("an index of a model server's model", () => {
  test("is embedded once, in batches of 64, by jobs that share the work", async ({ lake, services }) => {
    const server = await startServer();
    await writeNotes(lake, manyNotes(1_500));
    await createNotesIndex(lake, { embedder: "tiny", server });
    server.batches.length = 0;
    await using _pool = await startPool({ ...services, modelServer: server }, { ...pool, concurrency: 2 });

    const done = await refresh(services);

    expect(done).toMatchObject({ rows: { new: 1_500 }, chunks: { embedded: 1_500, cached: 0 } });
    expect(Math.max(...server.batches)).toBe(64);
    expect(new Set(server.embedded.slice(1)).size).toBe(1_500);
    expect(server.embedded).toHaveLength(1_501);
    expect(await vectorsOf(lake)).toHaveLength(1_500);
    expect(await lengths(lake)).toEqual([1]);
  });

  test("never asks twice for the same chunk, in no index and no run", async ({ lake, services }) => {
    const server = await startServer();
    await writeNotes(lake, [...manyNotes(5), { id: "twin", note: "Note number 3 of a patient." }]);
    await createNotesIndex(lake, { embedder: "tiny", server });
    await using _pool = await startPool({ ...services, modelServer: server }, pool);
    await refresh(services);
    await createNotesIndex(lake, { name: "again", embedder: "tiny", server });
    server.embedded.length = 0;

    const again = await refresh(services, "again");
    await writeNotes(lake, [{ id: "n1", note: "Note number 4 of a patient." }]);
    const moved = await refresh(services);

    expect(again.chunks).toMatchObject({ embedded: 0, cached: 5 });
    expect(moved).toMatchObject({ rows: { changed: 1 }, chunks: { embedded: 0, cached: 1 } });
    expect(server.embedded).toEqual([]);
  });

  test("would ask again, were it not for the cache", async ({ lake, services }) => {
    const server = await startServer();
    await writeNotes(lake, manyNotes(5));
    await createNotesIndex(lake, { embedder: "tiny", server });
    await using _pool = await startPool({ ...services, modelServer: server }, pool);
    await refresh(services);
    await createNotesIndex(lake, { name: "again", embedder: "tiny", server });
    server.embedded.length = 0;

    await lake.table("vectors.cache").delete("true");

    expect((await refresh(services, "again")).chunks).toMatchObject({ embedded: 5, cached: 0 });
    expect(server.embedded).toHaveLength(5);
  });

  test("waits for a server that went away, and ends with what it would have had", async ({
    lake,
    services,
  }) => {
    const server = await startServer();
    await writeNotes(lake, manyNotes(20));
    await createNotesIndex(lake, { embedder: "tiny", server });
    await server.stop();
    let sayFailed = () => {};
    const failed = new Promise<void>((resolve) => {
      sayFailed = resolve;
    });
    const jobOf = (kind: string) => {
      const job = jobOfKind(kind);
      return { ...job, load: async () => ({ run: whenFailed(await job.load(), sayFailed) }) };
    };
    await using _pool = await startPool({ ...services, modelServer: server }, { ...pool, jobOf });

    const refreshing = refresh(services);
    await failed;
    await server.listen();

    expect(await refreshing).toMatchObject({ rows: { new: 20 }, chunks: { embedded: 20 } });
  });

  test("refuses another version of its model: vectors of two models are never compared", async ({
    lake,
    services,
  }) => {
    const server = await startServer();
    await writeNotes(lake, manyNotes(3));
    await createNotesIndex(lake, { embedder: "tiny", server });
    server.behaviour.digest = "0".repeat(64);
    await using _pool = await startPool({ ...services, modelServer: server }, pool);

    await expect(refresh(services)).rejects.toThrow(/never compared/);
  });

  test("leaves out vectors that are zero, no number or of another size, and says how many", async ({
    lake,
    services,
  }) => {
    const server = await startServer();
    await writeNotes(lake, [
      ...manyNotes(3),
      { id: "zero", note: "There is nothing at all to say." },
      { id: "nan", note: "A text that makes NaN of a model." },
    ]);
    await createNotesIndex(lake, { embedder: "tiny", server });
    await using _pool = await startPool({ ...services, modelServer: server }, pool);

    const done = await refresh(services);

    expect(done.refused).toMatchObject({ chunks: 2, reasons: { zero: 2 } });
    expect((await vectorsOf(lake)).map(({ id }) => id)).toEqual(["n0", "n1", "n2"]);

    server.behaviour.dimensions = 5;
    await writeNotes(lake, [{ id: "n9", note: "A model that gives five numbers." }]);
    expect((await refresh(services)).refused).toMatchObject({ reasons: { "wrong-size": 1 } });
  });

  test("goes on in smaller batches when the server is too slow for 64", async ({ lake, services }) => {
    const server = await startServer();
    await writeNotes(lake, manyNotes(100));
    await createNotesIndex(lake, { embedder: "tiny", server });
    server.batches.length = 0;
    server.behaviour.slowAbove = 20;
    const modelServer = { url: server.url, requestMs: 200 };
    await using _pool = await startPool({ ...services, modelServer }, pool);

    await refresh(services);

    expect(server.batches.slice(0, 3)).toEqual([64, 32, 16]);
    expect(await vectorsOf(lake)).toHaveLength(100);
  });
});

describe("the embedder of a model server", () => {
  test("names the server that does not answer, as trouble that can pass", async () => {
    const server = await startServer();
    await server.stop();

    const opening = openEmbedder("tiny", { server });

    await expect(opening).rejects.toThrow(new RegExp(`${server.url} does not answer`));
    await expect(opening).rejects.toBeInstanceOf(ModelServerError);
  });

  test("names a model that the server lacks, and how to get it", async () => {
    await expect(openEmbedder("large", { server: await startServer() })).rejects.toThrow(/ollama pull large/);
  });

  test("needs a server for any name but the built-in's", async () => {
    await expect(openEmbedder("tiny")).rejects.toThrow(/OLLAMA_URL/);
    expect((await openEmbedder("built-in")).dimensions).toBe(384);
  });

  test("asks a busy server again", async () => {
    const server = await startServer();
    const embedder = await openEmbedder("tiny", { server });
    server.behaviour.failure = { status: 503, text: "server busy, please try again" };
    server.behaviour.onEmbed = () => {
      if (server.batches.length > 2) server.behaviour.failure = undefined;
    };
    server.batches.length = 0;

    await expect(embedder.embed(["one"])).resolves.toHaveLength(1);
    expect(server.batches.length).toBeGreaterThan(1);
  });
});

/** The same run, which says when it failed with the trouble that the test waits for. */
function whenFailed(
  { run }: { run: (context: never) => Promise<unknown> },
  failed: () => void,
): (context: never) => Promise<unknown> {
  return (context) =>
    run(context).catch((error: unknown) => {
      if (error instanceof ModelServerError) failed();
      throw error;
    });
}
