import type { Lake } from "../../data/lake.ts";
import { defineIndex, NewIndex } from "../../data/vectors/define-index.ts";
import { openEmbedder } from "../../data/vectors/embedders/open-embedder.ts";
import { loadedIndexesOf } from "../../data/vectors/generations/loaded-indexes.ts";
import { createIndex } from "../../data/vectors/indexes.ts";
import { SearchRequest } from "../../data/vectors/search/request.ts";
import { search } from "../../data/vectors/search/search.ts";
import type { JobContract } from "../../queues/contract.ts";
import { enqueue } from "../../queues/enqueue.ts";
import { untilEnded } from "../../queues/watch.ts";
import { autotuneCycle } from "../../workers/autotune/autotune-cycle/job.ts";
import { embeddingRefresh } from "../../workers/embedding/embedding-refresh/job.ts";
import { vectorsBuild } from "../../workers/embedding/vectors-build/job.ts";
import { CliFailure } from "../failure.ts";
import type { DemoGround, DemoStep } from "./step.ts";

const INDEX = "notes";
const QUESTION = "acute bacterial sinusitis";
const COLUMNS = ["encounter_date", "encounter_type", "active_conditions"];
const TUNING_S = 3;
/** The cosine of a text with itself, but for rounding. */
const SAME = 0.999;

/** The notes of the visits become vectors, the index finds itself a better setting, and is asked in words. */
export const searchNotes: DemoStep = {
  title: "Embed the visits' notes, tune the index, search it",
  async run(ground) {
    const { lake, say } = ground;
    const definition = NewIndex.parse({
      name: INDEX,
      table: "gold.encounter_summary",
      idColumn: "encounter_id",
      content: { kind: "text", column: "soap_note_text" },
    });
    await createIndex(lake, await defineIndex(lake, definition, openEmbedder));
    const refreshed = await outputOf(ground, embeddingRefresh, { index: INDEX });
    await outputOf(ground, vectorsBuild, vectorsBuild.input.parse({ index: INDEX }));
    const { indexes } = (await outputOf(
      ground,
      autotuneCycle,
      autotuneCycle.input.parse({ index: INDEX, budgetSeconds: TUNING_S, cooldownMinutes: 0 }),
    )) as { indexes: { builds: number; outcome: string; why: string }[] };
    const [tuned] = indexes;
    if (!tuned) throw new CliFailure("The autotuner did not look at the index.");
    say(`${tuned.builds} settings tried; ${tuned.outcome}: ${tuned.why}`);
    const { chunks } = refreshed as { chunks: { embedded: number } };
    return { "chunks embedded": chunks.embedded, "settings tried": tuned.builds, ...(await ask(lake, say)) };
  },
};

/** Answers a question in words, and shows that a note's own words find that note. */
async function ask(lake: Lake, say: (line: string) => void) {
  const find = (text: string, k: number) =>
    search(lake, INDEX, SearchRequest.parse({ text, k, text_of_chunk: true, include: COLUMNS }));
  try {
    const found = await find(QUESTION, 3);
    if (found.method !== "hnsw") throw new CliFailure(`The index did not answer: ${found.why}.`);
    say(`“${QUESTION}”:`);
    for (const { score, row } of found.hits)
      say(`  ${score.toFixed(3)}  ${COLUMNS.map((name) => row?.[name]).join("; ")}`);
    const [nearest] = found.hits;
    if (!nearest?.text) throw new CliFailure("The index found nothing.");
    const [itself] = (await find(nearest.text, 1)).hits;
    if ((itself?.score ?? 0) < SAME) throw new CliFailure("A note's own words did not find it.");
    return { hits: found.hits.length };
  } finally {
    loadedIndexesOf(lake).close();
  }
}

async function outputOf<T>({ queues }: DemoGround, contract: JobContract<T>, input: T): Promise<unknown> {
  const { id, kind } = await enqueue(queues, contract, input);
  const ended = await untilEnded(queues, id);
  if (ended.state !== "completed") throw new CliFailure(`${kind} failed: ${ended.error}`);
  return ended.output;
}
