import { setTimeout as pause } from "node:timers/promises";
import { inboxOf } from "../../../data/observer/inbox.ts";
import { defineIndex, NewIndex } from "../../../data/vectors/define-index.ts";
import { openEmbedder } from "../../../data/vectors/embedders/open-embedder.ts";
import { createIndex } from "../../../data/vectors/indexes.ts";
import type { JobContract } from "../../../queues/contract.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { JobNotFoundError } from "../../../queues/errors.ts";
import type { JobView } from "../../../queues/job-view.ts";
import { untilEnded } from "../../../queues/watch.ts";
import { cohortLand, Input as Landing } from "../../../workers/cohort-ingest/cohort-land/job.ts";
import { cohortRefresh, Input as Refresh } from "../../../workers/cohort-ingest/cohort-refresh/job.ts";
import { embeddingRefresh } from "../../../workers/embedding/embedding-refresh/job.ts";
import { Input as Build, vectorsBuild } from "../../../workers/embedding/vectors-build/job.ts";
import { optimizeTables } from "../../../workers/maintenance/optimize-tables/job.ts";
import { analyzeErrors } from "../../../workers/observer/analyze-errors/job.ts";
import { observerAppend } from "../../../workers/observer/observer-append/job.ts";
import { Input as Building, sequencesBuild } from "../../../workers/sequences/sequences-build/job.ts";
import type { Cluster } from "../cluster.ts";
import { eventLines, type Sources } from "./sources.ts";

const INDEX = "notes";
const PATIENCE_MS = 300_000;

/** One who asks for the product's work as a program does: again by the same name when told no, until it is done. */
export class Caller {
  readonly #cluster: Cluster;
  /** How many ask for each piece of work at the same time, each by a name of its own. */
  readonly #times: number;
  readonly ended: JobView[] = [];
  refusals = 0;

  constructor(cluster: Cluster, times = 1) {
    this.#cluster = cluster;
    this.#times = times;
  }

  /** What follows on a failed job has nothing to work on. */
  get #hasFailed(): boolean {
    return this.ended.some(({ state }) => state !== "completed");
  }

  async work(sources: Sources): Promise<void> {
    await Promise.all([
      this.#fromBundlesToVectors(sources.nights),
      this.#done(sequencesBuild, Building.parse({ source: sources.mimic, rowsPerRange: 2_000 })),
      this.#observed(),
    ]);
    await this.#done(optimizeTables, {});
  }

  /** The chain of the night, of each night: each begins when the one before has ended. */
  async #fromBundlesToVectors(nights: readonly string[]): Promise<void> {
    for (const [night, source] of nights.entries()) {
      await this.#done(cohortLand, Landing.parse({ source, settleMs: 0 }), night);
      await this.#done(cohortRefresh, Refresh.parse({ withGold: true }), night);
      if (night === 0 && !this.#hasFailed) await this.#defineIndex();
      await this.#done(embeddingRefresh, { index: INDEX }, night);
      await this.#done(vectorsBuild, Build.parse({ index: INDEX }), night);
    }
  }

  async #defineIndex(): Promise<void> {
    const { lake } = this.#cluster;
    const index = NewIndex.parse({
      name: INDEX,
      table: "gold.encounter_summary",
      idColumn: "encounter_id",
      content: { kind: "text", column: "soap_note_text" },
    });
    await this.#until(async () => createIndex(lake, await defineIndex(lake, index, openEmbedder)));
  }

  async #observed(): Promise<void> {
    const lines = eventLines();
    const inbox = inboxOf(this.#cluster.lake.storage);
    for (let from = 0; from < lines.length; from += 50) {
      await this.#until(() => inbox.store(lines.slice(from, from + 50)));
      await this.#done(observerAppend, {}, from);
    }
    await this.#done(analyzeErrors, {});
  }

  async #done<Input>(contract: JobContract<Input>, input: Input, part = 0): Promise<void> {
    if (this.#hasFailed) return;
    const asks = Array.from({ length: this.#times }, (_, n) => `${part} ${n}`);
    const views = await Promise.all(asks.map((requestId) => this.#ask(contract, input, requestId)));
    this.ended.push(...views);
  }

  async #ask<Input>(contract: JobContract<Input>, input: Input, requestId: string): Promise<JobView> {
    const { queues } = this.#cluster;
    return this.#until(async () => {
      const { id } = await enqueue(queues, contract, input, { requestId });
      return untilEnded(queues, id);
    });
  }

  async #until<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    const giveUpAt = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (Date.now() > giveUpAt) throw error;
        if (!(error instanceof JobNotFoundError)) this.refusals += 1;
        await pause(500);
      }
    }
  }
}
