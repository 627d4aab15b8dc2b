import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Generation } from "../../data/vectors/generation.ts";
import { loadedIndexesOf } from "../../data/vectors/generations/loaded-indexes.ts";
import { currentPointer, flip } from "../../data/vectors/generations/pointers.ts";
import { type BenchIndex, inventIndex, median } from "./invented.ts";
import { serveGeneration, serveSearch } from "./served.ts";
import type { Asked, Steady } from "./steady-client.ts";

const PER_SECOND = 200;
const SWAPS = 5;
const WINDOW_MS = 2_000;
const WIDTH = 40;

/**
 * Searches come at a steady rate over HTTP, in turn in peace and while a generation is swapped in. What a swap holds up
 * it holds up each time; what else the machine does comes and goes, so the slowest of each window and its median tell.
 */
export async function measureSwap({ rows, dimensions = 768 }: { rows: number; dimensions?: number }) {
  await using bench = await inventIndex(rows, dimensions);
  const { lake, definition } = bench;
  const generation = await serveGeneration(bench, WIDTH);
  const generations = await copies(bench, generation);
  await using api = await serveSearch(bench);
  using lease = await loadedIndexesOf(lake).lease(definition);
  if (!lease.index) throw new Error(`The index was not loaded: ${lease.trouble}`);

  const client = await startClient({
    url: `${api.url}/vectors/bench/search`,
    perSecond: PER_SECOND,
    dimensions,
  });
  await pause(WINDOW_MS);
  const windows: { readonly peaceFrom: number; readonly swapFrom: number; readonly to: number }[] = [];
  for (const next of generations) {
    const peaceFrom = Date.now();
    await pause(WINDOW_MS);
    const swapFrom = Date.now();
    await flip(lake.storage, definition.name, next, { reason: "bench" });
    await loadedIndexesOf(lake).look(definition.name);
    await pause(WINDOW_MS);
    windows.push({ peaceFrom, swapFrom, to: Date.now() });
  }
  const asked = await stopClient(client);
  const served = (await currentPointer(lake.storage, definition.name))?.generation.number;
  if (served !== generations.at(-1)?.number) throw new Error(`Generation ${served} serves after all swaps.`);
  const slowest = (from: number, to: number) =>
    Math.max(0, ...asked.filter(({ at }) => at >= from && at < to).map(({ ms }) => ms));
  const inPeace = windows.map(({ peaceFrom, swapFrom }) => slowest(peaceFrom, swapFrom));
  const inSwaps = windows.map(({ swapFrom, to }) => slowest(swapFrom, to));
  const delays = inSwaps.map((ms, swap) => ms - (inPeace[swap] ?? 0));
  return {
    dropped: asked.filter(({ ok }) => !ok).length,
    slowestInPeaceMs: median(inPeace),
    slowestInSwapsMs: median(inSwaps),
    delayMs: median(delays),
    worstDelayMs: Math.max(...delays),
  };
}

/** Other files of the same content, so that each swap reads one whole. */
async function copies({ lake, definition }: BenchIndex, generation: Generation): Promise<Generation[]> {
  const made: Generation[] = [];
  for (let swap = 0; swap < SWAPS; swap += 1) {
    const key = `_vectors/${definition.name}/generations/swap-${swap}.hnsw`;
    await lake.storage.put(key, await lake.storage.read(generation.key));
    made.push({ ...generation, key, number: swap + 2 });
  }
  return made;
}

async function startClient(steady: Steady): Promise<ChildProcess> {
  const client = fork(fileURLToPath(new URL("./steady-client.ts", import.meta.url)), {
    execArgv: ["--import", "tsx"],
    serialization: "advanced",
  });
  await once(client, "message");
  client.send(steady);
  return client;
}

async function stopClient(client: ChildProcess): Promise<readonly Asked[]> {
  client.send("stop");
  const [asked] = (await once(client, "message")) as [Asked[]];
  client.disconnect();
  return asked;
}
