import { z } from "zod";
import { commitKey } from "../../delta/log.ts";
import type { Snapshot, Table } from "../../delta/table.ts";
import { NotFoundError } from "../../errors.ts";
import type { Lake } from "../../lake.ts";
import { quote } from "../../sql/duckdb.ts";
import { distanceOf } from "../distance.ts";
import { type IndexDefinition, vectorsTable } from "../index-definition.ts";
import { Nearest } from "../nearest.ts";

/** More than this is not kept in memory: every row is then compared in the engine until the index is built again. */
const MOST_ROWS = 20_000;
const ROWS_A_TURN = 2_000;

export interface FoundRow {
  readonly id: string;
  readonly chunk: number;
  readonly distance: number;
}

/** What the table has that a generation has not, at one version of the table. */
export interface NewerRows {
  readonly version: number;
  readonly rows: readonly NewRow[];
  /** Keys (`keyOf`) whose row in the generation is no longer true: changed or deleted. */
  readonly gone: ReadonlySet<string>;
}

interface NewRow {
  readonly id: string;
  readonly chunk: number;
  readonly vector: readonly number[];
}

const Touched = z.object({ id: z.string(), chunk: z.coerce.number(), leaves: z.boolean() });
const Arrival = z.object({ id: z.string(), chunk: z.coerce.number(), vector: z.array(z.number()) });

export function keyOf(id: string, chunk: number): string {
  return `${chunk} ${id}`;
}

/** Follows the table past a generation; asked at every search, it costs one look for the next commit while nothing is new. */
export class NewerRowsOf {
  readonly #lake: Lake;
  readonly #definition: IndexDefinition;
  readonly #from: number;
  readonly #table: Table;
  #last: Promise<NewerRows | undefined> | undefined;
  #version: number;

  constructor(lake: Lake, definition: IndexDefinition, from: number) {
    this.#lake = lake;
    this.#definition = definition;
    this.#from = from;
    this.#version = from;
    this.#table = lake.table(vectorsTable(definition));
  }

  /** Undefined when the newer rows are too many, or no longer known one by one: then all rows are compared. */
  async now(): Promise<NewerRows | undefined> {
    const next = await this.#lake.storage.stat(commitKey(this.#table.root, this.#version + 1));
    if (!next) return this.#last ?? { version: this.#version, rows: [], gone: new Set() };
    const snapshot = await this.#table.snapshot();
    if (snapshot.version !== this.#version || !this.#last) {
      this.#version = snapshot.version;
      this.#last = this.#read(snapshot);
      // A failure is for those who asked now; the next to ask reads again.
      this.#last.catch(() => {
        this.#last = undefined;
        this.#version = this.#from;
      });
    }
    return this.#last;
  }

  async #read(snapshot: Snapshot): Promise<NewerRows | undefined> {
    const duckdb = await this.#lake.duckdb();
    let changes: string;
    try {
      changes = await this.#table.changesSql({ from: this.#from + 1, to: snapshot.version });
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
    const last = await duckdb.query(Touched, lastChangesSql(changes));
    if (last.length > MOST_ROWS) return undefined;
    const arrivals = await duckdb.query(Arrival, arrivalsSql(changes, this.#definition));
    const gone = new Set<string>();
    const left = new Set<string>();
    for (const { id, chunk, leaves } of last) {
      gone.add(keyOf(id, chunk));
      if (leaves) left.add(keyOf(id, chunk));
    }
    return {
      version: snapshot.version,
      gone,
      rows: arrivals.filter(({ id, chunk }) => !left.has(keyOf(id, chunk))),
    };
  }
}

/** Of each key whether it was in the table after what happened to it last. */
function lastChangesSql(changes: string): string {
  return `
    select id, chunk, _change_type in ('delete', 'update_preimage') as leaves from (${changes})
    qualify row_number() over (partition by id, chunk order by _commit_version desc, leaves) = 1
    limit ${MOST_ROWS + 1}`;
}

/** What came last under each key. Asked apart, so that the vectors of rows that went are not read. */
function arrivalsSql(changes: string, { model, dimensions }: IndexDefinition): string {
  return `
    select id, chunk, vector from (
      select id, chunk, vector, model from (${changes}) where _change_type in ('insert', 'update_postimage')
      qualify row_number() over (partition by id, chunk order by _commit_version desc) = 1)
    where model = ${quote(model)} and len(vector) = ${dimensions}`;
}

/** Compares with each of the new rows, in turns, so that others are served meanwhile. */
export async function nearestOf(
  rows: readonly NewRow[],
  metric: IndexDefinition["metric"],
  vector: ArrayLike<number>,
  k: number,
  accepts: ((id: string) => boolean) | undefined,
): Promise<FoundRow[]> {
  const distance = distanceOf(metric);
  const nearest = new Nearest<NewRow>(k);
  for (const [at, row] of rows.entries()) {
    if (at > 0 && at % ROWS_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    if (!accepts || accepts(row.id)) nearest.offer(row, distance(vector, row.vector));
  }
  return nearest.items().map(({ item, distance }) => ({ id: item.id, chunk: item.chunk, distance }));
}
