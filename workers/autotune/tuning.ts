import { bestShapes, propose, type Shape } from "../../data/vectors/autotune/propose.ts";
import type { Pointer } from "../../data/vectors/generation.ts";
import { currentPointer } from "../../data/vectors/generations/pointers.ts";
import { type PreparedRows, prepareRows } from "../../data/vectors/generations/prepare.ts";
import type { IndexDefinition } from "../../data/vectors/index-definition.ts";
import { readTrials, recordTrials, type Trial } from "../../data/vectors/trials/journal.ts";
import type { JobContext } from "../define-job.ts";
import { type Contest, contest } from "./contest.ts";
import { buildTrial, toTrials } from "./trial-build.ts";

export interface TuneOptions {
  readonly targetRecall?: number | undefined;
  readonly trialsPerHour: number;
  readonly cooldownMinutes: number;
  readonly seed: number;
  /** In milliseconds of the clock; what has begun by then is finished. */
  readonly deadline: number;
}

export interface Tuned {
  readonly index: string;
  readonly outcome: "promoted" | "kept" | "cooling";
  /** How many graphs were built to find out, and how many whole ones that amounts to. */
  readonly builds: number;
  readonly wholeBuilds: number;
  readonly generation: number;
  readonly why: string;
}

export type TuneContext = Pick<
  JobContext<unknown, unknown>,
  "id" | "lake" | "signal" | "note" | "reportProgress"
>;

/** Each rung of the ladder: which share of the rows, and how many shapes climb on from it. */
interface Rung {
  readonly share: number;
  readonly keep: number;
}

const FEWEST_ROWS = 2_000;
const FIRST_SHARE = 1 / 16;
const FIRST_SHAPES = 6;
const FINALISTS = 2;
const HOUR_MS = 3_600_000;

/** One cycle over one index: many shapes on a few rows, fewer on more, the last on all, against what serves. */
export async function tune(
  context: TuneContext,
  definition: IndexDefinition,
  options: TuneOptions,
): Promise<Tuned> {
  const { lake } = context;
  const champion = await currentPointer(lake.storage, definition.name);
  if (!champion) throw new Error(`${definition.name} has no generation to hold a trial against.`);
  const whole = await prepareRows(lake, definition);
  const journal = await readTrials(lake, definition.name);
  const gate = options.targetRecall ?? definition.targetRecall;
  const cooling = coolingUntil(journal, whole, options);
  const kept = { index: definition.name, builds: 0, wholeBuilds: 0, generation: champion.generation.number };
  if (cooling) return { ...kept, outcome: "cooling", why: cooling };
  if (champion.generation.tableVersion !== whole.tableVersion)
    return {
      ...kept,
      outcome: "kept",
      why: "rows were added meanwhile; the next cycle holds trials against them",
    };

  const climb = new Climb(context, definition, { ...options, gate }, champion, journal);
  const finalists = await climb.toFinalists(whole);
  const { promoted, why, builds } = await climb.contest(whole, finalists);
  return {
    index: definition.name,
    outcome: promoted ? "promoted" : "kept",
    builds: climb.builds + builds,
    wholeBuilds: climb.wholeBuilds + builds,
    generation: (promoted ?? champion).generation.number,
    why,
  };
}

/** An index whose rows were looked at not long ago is left alone, and no hour is filled with builds. */
function coolingUntil(
  journal: readonly Trial[],
  rows: PreparedRows,
  { cooldownMinutes, trialsPerHour }: TuneOptions,
): string | undefined {
  const own = journal.filter(({ origin }) => origin === "autotune");
  const same = own.filter((trial) => trial.table_version === rows.tableVersion && trial.share === 1);
  const last = Math.max(0, ...same.map(({ at }) => Date.parse(at)));
  if (Date.now() - last < cooldownMinutes * 60_000)
    return `these rows were tuned at ${new Date(last).toISOString()}; the pause is ${cooldownMinutes} minutes`;
  const builds = new Set(
    own.filter(({ at }) => Date.now() - Date.parse(at) < HOUR_MS).map(({ trial }) => trial),
  );
  return builds.size >= trialsPerHour ? `${builds.size} trials were made within the hour` : undefined;
}

class Climb {
  builds = 0;
  wholeBuilds = 0;
  readonly #context: TuneContext;
  readonly #definition: IndexDefinition;
  readonly #options: TuneOptions & { readonly gate: number };
  readonly #champion: Pointer;
  #journal: readonly Trial[];

  constructor(
    context: TuneContext,
    definition: IndexDefinition,
    options: TuneOptions & { readonly gate: number },
    champion: Pointer,
    journal: readonly Trial[],
  ) {
    this.#context = context;
    this.#definition = definition;
    this.#options = options;
    this.#champion = champion;
    this.#journal = journal;
  }

  async toFinalists(whole: PreparedRows): Promise<readonly Shape[]> {
    const { seed, gate } = this.#options;
    const rungs = rungsOf(whole.rows);
    const [first] = rungs;
    if (!first) return propose(this.#whole(whole), { count: FIRST_SHAPES, seed, gate });
    let shapes: readonly Shape[] = propose(this.#at(first.share, whole), { count: FIRST_SHAPES, seed, gate });
    for (const { share, keep } of rungs) {
      const rows = await prepareRows(this.#context.lake, this.#definition, { share });
      for (const [done, shape] of shapes.entries()) {
        if (this.#isOver()) break;
        await this.#context.reportProgress({
          stage: `${Math.round(share * 100)} % of the rows`,
          done,
          total: shapes.length,
          unit: "builds",
        });
        await this.#try(rows, shape, share);
      }
      shapes = bestShapes(this.#at(share, whole), gate, keep);
    }
    return shapes;
  }

  contest(whole: PreparedRows, finalists: readonly Shape[]): Promise<Contest> {
    return contest(this.#context, this.#definition, {
      rows: whole,
      champion: this.#champion,
      finalists,
      gate: this.#options.gate,
      seed: this.#options.seed,
      isOver: (builds) => this.#isOver(builds),
    });
  }

  async #try(rows: PreparedRows, shape: Shape, share: number): Promise<void> {
    const { id, lake, note } = this.#context;
    const setting = { ...shape, seed: this.#options.seed };
    const built = await buildTrial(this.#context, rows, { setting });
    const measured = built.rounds[0] ?? [];
    const trials = toTrials(built, measured, {
      index: this.#definition.name,
      trial: `${id} ${share} ${shape.m}/${shape.efConstruction}`,
      origin: "autotune",
      setting,
      share,
      tableVersion: rows.tableVersion,
    });
    await recordTrials(lake, trials);
    this.#journal = [...this.#journal, ...trials];
    this.builds += 1;
    this.wholeBuilds += share;
    const enough = measured.find(({ recall }) => recall >= this.#options.gate);
    await note(
      `M ${shape.m}, ef ${shape.efConstruction} on ${built.rows} rows: ${enough ? `${enough.p50Ms.toFixed(3)} ms at recall ${enough.recall.toFixed(3)}` : "never finds enough"}`,
    );
  }

  /** What is known of these rows, at this share. */
  #at(share: number, { tableVersion }: PreparedRows): Trial[] {
    return this.#journal.filter((trial) => trial.share === share && trial.table_version === tableVersion);
  }

  #whole(rows: PreparedRows): Trial[] {
    return this.#at(1, rows);
  }

  #isOver(more = 0): boolean {
    this.#context.signal.throwIfAborted();
    const hour = Date.now() - HOUR_MS;
    const recent = this.#journal.filter(({ at, origin }) => origin === "autotune" && Date.parse(at) > hour);
    const builds = new Set(recent.map(({ trial }) => trial)).size + more;
    return Date.now() >= this.#options.deadline || builds >= this.#options.trialsPerHour;
  }
}

/** Successive halving; few rows need no sample. */
function rungsOf(rows: number): Rung[] {
  const rungs: Rung[] = [];
  for (let share = FIRST_SHARE, keep = FIRST_SHAPES / 2; share < 1; share *= 4, keep = FINALISTS)
    if (rows * share >= FEWEST_ROWS) rungs.push({ share, keep });
  return rungs;
}
