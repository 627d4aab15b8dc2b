import type { Lake } from "../../data/lake.ts";
import { defineIndex, NewIndex } from "../../data/vectors/define-index.ts";
import { openEmbedder } from "../../data/vectors/embedders/open-embedder.ts";
import { loadedIndexesOf } from "../../data/vectors/generations/loaded-indexes.ts";
import { howToInstall, loadBinding } from "../../data/vectors/hnsw/binding.ts";
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
    const { chunks } = (await outputOf(ground, embeddingRefresh, { index: INDEX })) as Refreshed;
    const hasGraph = (await loadBinding()) !== undefined;
    if (!hasGraph) say(`no graph library, so every row is compared and nothing tuned; ${howToInstall}`);
    const tried = hasGraph ? await tune(ground) : {};
    return { "chunks embedded": chunks.embedded, ...tried, ...(await ask(lake, say, hasGraph)) };
  },
};

interface Refreshed {
  readonly chunks: { readonly embedded: number };
}

interface Tuned {
  readonly indexes: readonly { readonly builds: number; readonly outcome: string; readonly why: string }[];
}

/** The index looks for a better setting of its own, for some seconds. */
async function tune(ground: DemoGround) {
  await outputOf(ground, vectorsBuild, vectorsBuild.input.parse({ index: INDEX }));
  const input = { index: INDEX, budgetSeconds: TUNING_S, cooldownMinutes: 0 };
  const { indexes } = (await outputOf(ground, autotuneCycle, autotuneCycle.input.parse(input))) as Tuned;
  const [tuned] = indexes;
  if (!tuned) throw new CliFailure("The autotuner did not look at the index.");
  ground.say(`${tuned.builds} settings tried; ${tuned.outcome}: ${tuned.why}`);
  return { "settings tried": tuned.builds };
}

/** Answers a question in words, and shows that a note's own words find that note. */
async function ask(lake: Lake, say: (line: string) => void, hasGraph: boolean) {
  const find = (text: string, k: number) =>
    search(lake, INDEX, SearchRequest.parse({ text, k, text_of_chunk: true, include: COLUMNS }));
  try {
    const found = await find(QUESTION, 3);
    if (hasGraph && found.method !== "hnsw") throw new CliFailure(`The index did not answer: ${found.why}.`);
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
