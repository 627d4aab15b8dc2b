import type { JobView } from "../../queues/job-view.ts";

/** One bar: a stage of the job's own work, or of the jobs that are its parts. */
export interface StageMeter {
  readonly stage: string;
  readonly unit: string;
  readonly done: number;
  readonly total: number | null;
  /** Units a second since the stage was first seen; null while that says nothing. */
  readonly rate: number | null;
  readonly leftMs: number | null;
  readonly over: boolean;
}

interface Seen {
  stage: string;
  unit: string;
  done: number;
  total: number | null;
  over: boolean;
  readonly firstDone: number;
  readonly firstAt: number;
  lastAt: number;
}

/** Too short a time to speak of a rate. */
const SOONEST_RATE_MS = 400;

/** Keeps what a job and its parts have said of their progress, in the order the stages appeared. */
export class StageMeters {
  readonly #seen = new Map<string, Seen>();
  #ownStage: string | undefined;

  observe(job: JobView, now = Date.now()): void {
    if (job.progress) {
      const { stage, done, total, unit } = job.progress;
      if (this.#ownStage !== undefined && this.#ownStage !== stage) this.#end(`own ${this.#ownStage}`);
      this.#ownStage = stage;
      this.#put(`own ${stage}`, { stage, done, total, unit }, now);
    }
    if (job.state === "completed") for (const key of this.#seen.keys()) this.#end(key);
  }

  /** A stage whose parts are jobs of their own: it is as far as they have ended. */
  observeChildren(parentId: string, children: readonly JobView[], now = Date.now()): void {
    const stages = new Map<string, JobView[]>();
    for (const child of children) {
      const stage = stageOf(parentId, child.id);
      const parts = stages.get(stage);
      if (parts) parts.push(child);
      else stages.set(stage, [child]);
    }
    for (const [stage, parts] of stages) {
      const done = parts.filter((part) => part.state === "completed" || part.state === "failed").length;
      this.#put(`parts ${stage}`, { stage, done, total: parts.length, unit: "jobs" }, now);
      if (done === parts.length) this.#end(`parts ${stage}`);
      this.#observeWork(stage, parts, now);
    }
  }

  /** What the parts of a stage have done together, in their own units; the whole is known when every part has said its own. */
  #observeWork(stage: string, parts: readonly JobView[], now: number): void {
    const said = parts.flatMap(({ progress }) => (progress ? [progress] : []));
    const unit = said[0]?.unit;
    if (unit === undefined || said.some((progress) => progress.unit !== unit)) return;
    const done = said.reduce((sum, progress) => sum + progress.done, 0);
    const isWhole = said.length === parts.length && said.every(({ total }) => total !== null);
    const total = isWhole ? said.reduce((sum, progress) => sum + (progress.total ?? 0), 0) : null;
    this.#put(`work ${stage}`, { stage, done, total, unit }, now);
  }

  meters(): StageMeter[] {
    return [...this.#seen.values()].map(({ stage, unit, done, total, over, firstDone, firstAt, lastAt }) => {
      const elapsedMs = lastAt - firstAt;
      const rate =
        elapsedMs >= SOONEST_RATE_MS && done > firstDone ? ((done - firstDone) / elapsedMs) * 1000 : null;
      const leftMs = rate === null || total === null || over ? null : ((total - done) / rate) * 1000;
      return { stage, unit, done, total, rate, leftMs, over };
    });
  }

  #put(key: string, now: Pick<Seen, "stage" | "done" | "total" | "unit">, at: number): void {
    const seen = this.#seen.get(key);
    if (seen) Object.assign(seen, now, { lastAt: at, over: now.done === now.total });
    else
      this.#seen.set(key, {
        ...now,
        over: now.done === now.total,
        firstDone: now.done,
        firstAt: at,
        lastAt: at,
      });
  }

  #end(key: string): void {
    const seen = this.#seen.get(key);
    if (!seen) return;
    seen.over = true;
    seen.done = seen.total ?? seen.done;
  }
}

/** The id of a part is its parent's, the stage, its position and its generation. */
export function stageOf(parentId: string, childId: string): string {
  return childId.slice(parentId.length + 1).replace(/\.\d+\.\d+$/, "");
}
