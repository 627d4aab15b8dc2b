import { Agent } from "node:http";
import { loadedIndexesOf } from "../../data/vectors/generations/loaded-indexes.ts";
import { SearchRequest } from "../../data/vectors/search/request.ts";
import { search } from "../../data/vectors/search/search.ts";
import { inventIndex, inventQuestions, median } from "./invented.ts";
import { post } from "./post.ts";
import { serveGeneration, serveSearch } from "./served.ts";

const QUESTIONS = 300;
const WARM_UPS = 20;
const ROUNDS = 5;
const WIDTH = 80;

/** One question after another: the bare library, the same through the library's own door, and over HTTP. */
export async function measureSearches({ rows, dimensions = 768 }: { rows: number; dimensions?: number }) {
  await using bench = await inventIndex(rows, dimensions);
  const { lake, definition } = bench;
  await serveGeneration(bench, WIDTH);
  const questions = inventQuestions(QUESTIONS, dimensions);
  const requests = new Map(questions.map((vector) => [vector, SearchRequest.parse({ vector, k: 10 })]));
  using lease = await loadedIndexesOf(lake).lease(definition);
  const { index } = lease;
  if (!index) throw new Error(`The index was not loaded: ${lease.trouble}`);
  await using api = await serveSearch(bench);
  const agent = new Agent({ keepAlive: true });

  const bareMs: number[] = [];
  const libraryMs: number[] = [];
  const httpMs: number[] = [];
  const ways = [
    { times: bareMs, ask: (vector: number[]) => index.nearest(vector, 10) },
    {
      times: libraryMs,
      ask: (vector: number[]) => search(lake, "bench", requests.get(vector) as SearchRequest),
    },
    {
      times: httpMs,
      ask: (vector: number[]) => post(agent, `${api.url}/vectors/bench/search`, { vector, k: 10 }),
    },
  ];
  for (let round = 0; round < ROUNDS; round += 1)
    for (const { times, ask } of ways) times.push(await medianOf(questions, ask));
  agent.destroy();
  return {
    bareMs: median(bareMs),
    libraryMs: median(libraryMs),
    httpMs: median(httpMs),
    libraryToBare: median(libraryMs) / median(bareMs),
    httpMoreMs: median(httpMs.map((ms, round) => ms - (libraryMs[round] ?? 0))),
  };
}

async function medianOf(questions: readonly number[][], ask: (vector: number[]) => unknown): Promise<number> {
  const times: number[] = [];
  for (const [at, vector] of questions.entries()) {
    const begun = performance.now();
    await ask(vector);
    if (at >= WARM_UPS) times.push(performance.now() - begun);
  }
  return median(times);
}
