import { expect, onTestFinished } from "vitest";
import type { Lake } from "../../data/lake.ts";
import { openEmbedder } from "../../data/vectors/embedders/open-embedder.ts";
import type { Metric } from "../../data/vectors/index-definition.ts";
import { makeNotes } from "../data/vectors/notes.ts";
import { ModelServer } from "../support/model-server.ts";
import { test as base } from "./lake-api.ts";

const test = base.extend<{ server: ModelServer }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads this pattern to learn what the fixture needs.
  server: async ({}, use) => {
    await using server = await ModelServer.start();
    await use(server);
  },
});

const question = "What tells of cough?";

/** Notes whose vectors are the question's own, so that all of them are near. */
async function nearNotes(
  lake: Lake,
  server: ModelServer,
  metric: Metric = "cosine",
  turned = (vector: readonly number[]) => vector,
): Promise<void> {
  const { model, dimensions } = await openEmbedder("tiny", { server });
  const content = {
    kind: "text",
    column: "text",
    embedder: "tiny",
    chunkSize: 100,
    overlap: 0,
    redact: false,
  } as const;
  await makeNotes(lake, 0, { content, model, dimensions, metric });
  const [vector] = await (await openEmbedder("tiny", { server })).embed([question]);
  await lake.table("vectors.notes").append({
    sql: `select 'n' || i as id, 0::int as chunk, 'note ' || i || ' tells of cough' as text,
      [${turned([...(vector ?? [])]).join(",")}]::float[] as vector, 'h' || i as content_hash, '${model}' as model from range(9) t(i)`,
  });
}

test("an answer cites the rows it is made of, and a source that is none is taken out of it", async ({
  serve,
  lake,
  server,
}) => {
  await nearNotes(lake, server);
  const api = await serve({ lake, modelServer: server });
  let told = "";
  server.behaviour.reply = (text) => {
    told = text;
    return "Two notes tell of it [1][3], and so does another [9].";
  };

  const reply = await api.post("/vectors/notes/rag", { question, model: "tiny", k: 3, hybrid: false });

  expect(reply.status).toBe(200);
  const answered = (await reply.json()) as { sources: { text: string }[] };
  expect(answered).toMatchObject({
    answered: true,
    answer: "Two notes tell of it [1][3], and so does another .",
    why: "cites 2 of 3 sources",
    sources: [{ cited: true }, { cited: false }, { cited: true }],
  });
  expect(told).toContain(question);
  for (const [at, { text }] of answered.sources.entries()) expect(told).toContain(`[${at + 1}] ${text}`);
});

test.for([
  ["says that the sources do not hold it", "NO ANSWER"],
  ["cites nothing", "Cough is common."],
  ["cites only what it was not given", "Cough is common [7]."],
] as const)("there is no answer when the model %s", async ([, written], { serve, lake, server }) => {
  await nearNotes(lake, server);
  const api = await serve({ lake, modelServer: server });
  server.behaviour.reply = () => written;

  const reply = await api.post("/vectors/notes/rag", { question, model: "tiny", k: 3 });

  expect(await reply.json()).toMatchObject({
    answered: false,
    answer: null,
    why: "the rows found do not say",
  });
});

test("no row near enough is no answer, and the model is not even asked", async ({ serve, lake, server }) => {
  await nearNotes(lake, server);
  const api = await serve({ lake, modelServer: server });
  let isAsked = false;
  server.behaviour.reply = () => {
    isAsked = true;
    return "Something [1].";
  };

  const reply = await api.post("/vectors/notes/rag", {
    question,
    model: "tiny",
    min_score: 1.1,
    hybrid: false,
  });

  expect(await reply.json()).toMatchObject({ answered: false, answer: null, sources: [] });
  expect(isAsked).toBe(false);
});

test.for(["cosine", "ip", "l2"] as const)(
  "what is near enough is told by the cosine, also of an index by %s",
  async (metric, { serve, lake, server }) => {
    await nearNotes(lake, server, metric, halfTurned);
    const api = await serve({ lake, modelServer: server });
    server.behaviour.reply = () => "Notes tell of it [1].";
    const ask = async (min_score: number) => {
      const body = { question, model: "tiny", min_score, hybrid: false };
      return (await api.post("/vectors/notes/rag", body)).json();
    };

    expect(await ask(0.45)).toMatchObject({ answered: true });
    expect(await ask(0.55)).toMatchObject({ answered: false, sources: [] });
  },
);

/** A vector of the same length whose cosine with this one is a half. */
function halfTurned(vector: readonly number[]): readonly number[] {
  const [first = 0] = vector;
  const across = vector.map((x, at) => (at === 0 ? 1 : 0) - first * x);
  const length = Math.hypot(...across);
  return vector.map((x, at) => 0.5 * x + (Math.sqrt(0.75) * (across[at] ?? 0)) / length);
}

test("a model that is away is 503 naming it, and without a server at all the setting is named", async ({
  serve,
  lake,
  server,
}) => {
  await nearNotes(lake, server);
  const api = await serve({ lake, modelServer: server });
  const without = await serve({ lake });
  await server.stop();
  onTestFinished(() => server.listen());

  const away = await api.post("/vectors/notes/rag", { question, model: "tiny" });
  const none = await without.post("/vectors/notes/rag", { question, model: "tiny" });

  expect(away.status).toBe(503);
  expect(away.headers.get("retry-after")).toBe("5");
  expect(await away.text()).toContain(server.url);
  expect(none.status).toBe(422);
  expect(await none.text()).toContain("OLLAMA_URL");
});
