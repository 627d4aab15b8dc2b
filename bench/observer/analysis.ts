import { appendOldest } from "../../data/observer/append-batches.ts";
import { Inbox } from "../../data/observer/inbox.ts";
import { corrections, errors } from "../../data/observer/lessons/lesson.ts";
import { readEventLines } from "../../data/observer/read-events.ts";
import { refreshTogether } from "../../data/observer/refresh.ts";
import { openBenchLake, secondsOf } from "../lake/bench-lake.ts";
import { bodyOf } from "./story.ts";

export interface AnalysisFigures {
  /** Of a million events with random ids. At most 40 (here in MiB, 38.1). */
  readonly storedMiBPerMillion: number;
  /** `analyze-errors` over all of them. At most 5. */
  readonly fullS: number;
  /** Over 1,000 more. At most 0.3. */
  readonly incrementalS: number;
}

const BODY = 5_000;
const NEW_EVENTS = 1_000;

export async function measureAnalysis({ events = 1_000_000 } = {}): Promise<AnalysisFigures> {
  await using bench = await openBenchLake();
  const { lake } = bench;
  const inbox = new Inbox(lake.storage);
  const take = async (body: string) => {
    await inbox.store((await readEventLines(body)).lines);
    while (await appendOldest(lake));
  };
  for (let from = 0; from < events; from += BODY * 20) {
    for (let at = from; at < Math.min(events, from + BODY * 20); at += BODY)
      await inbox.store((await readEventLines(bodyOf(BODY, `run-${at}`))).lines);
    while (await appendOldest(lake));
  }
  const { sizeBytes } = await lake.table("observer.events").snapshot();
  const analyze = () => refreshTogether(lake, [errors, corrections]);
  const fullS = await secondsOf(analyze);
  const seconds: number[] = [];
  for (let run = 0; run < 3; run += 1) {
    await take(bodyOf(NEW_EVENTS, `new-${run}`));
    seconds.push(await secondsOf(analyze));
  }
  seconds.sort((a, b) => a - b);
  return {
    storedMiBPerMillion: ((sizeBytes / 1024 ** 2) * 1_000_000) / events,
    fullS,
    incrementalS: seconds[1] ?? Number.NaN,
  };
}
