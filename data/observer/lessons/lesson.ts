import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Column, DeltaType } from "../../delta/table.ts";
import type { TableName } from "../../lake.ts";
import { competenceRules, ruleConstants } from "../competence.ts";
import type { EventColumn } from "../tables.ts";

/** A table that follows from the events alone: made anew for what new events touch, it is what a full run would make. */
export interface Lesson {
  readonly table: TableName;
  readonly description: string;
  /** The column of the events whose values say what is touched: all events with such a value are read again. */
  readonly unit: string;
  /** The same value in the lesson's own rows. */
  readonly unitColumn: string;
  readonly key: readonly string[];
  /** The columns of the events that its query may name, beside `scope` and `seen_at`. */
  readonly reads: readonly EventColumn[];
  readonly columns: readonly Column[];
  readonly sql: string;
  /** Whether rows of a touched unit can go, not only come and change. */
  readonly forgets: boolean;
}

type Columns = Readonly<Record<string, DeltaType>>;
const texts: DeltaType = { type: "array", elementType: "string", containsNull: true };

function lesson(
  name: string,
  options: Omit<Lesson, "table" | "columns" | "sql" | "forgets" | "unitColumn"> & {
    columns: Columns;
    forgets?: boolean;
    unitColumn?: string;
  },
): Lesson {
  const { columns, forgets = false, unitColumn = options.unit, ...rest } = options;
  return {
    ...rest,
    table: `observer.${name}`,
    forgets,
    unitColumn,
    columns: Object.entries(columns).map(([column, type]) => ({ name: column, type, nullable: true })),
    sql: withRules(readFileSync(join(import.meta.dirname, `${name}.sql`), "utf8")),
  };
}

function withRules(sql: string): string {
  const constants = ruleConstants(competenceRules);
  return sql.replaceAll(/\$(\w+)/g, (_, name: string) => {
    const value = constants[name];
    if (value === undefined) throw new Error(`There is no rule ${name}; config/competence.json has them`);
    return String(value);
  });
}

const span = { first_seen: "timestamp", last_seen: "timestamp" } as const;

export const errors = lesson("errors", {
  description: "Failures that read alike under one kind and signature",
  unit: "sig_hash",
  key: ["error_group"],
  reads: [
    "source",
    "event_kind",
    "success",
    "sig_hash",
    "role",
    "error_pattern",
    "error_group",
    "config_hash",
  ],
  columns: {
    error_group: "string",
    event_kind: "string",
    sig_hash: "string",
    role: "string",
    pattern: "string",
    count: "long",
    scopes: "long",
    confidence: "double",
    ...span,
    configurations: "long",
    sources: texts,
    examples: texts,
    cause: "string",
    action: "string",
  },
});

export const corrections = lesson("corrections", {
  description: "What failed and then succeeded on one signature, and what was different",
  unit: "sig_hash",
  key: ["correction_id"],
  reads: ["success", "sig_hash", "error_group", "config_hash", "config"],
  forgets: true,
  columns: {
    correction_id: "string",
    how: "string",
    sig_hash: "string",
    error_group: "string",
    from_config: "string",
    to_config: "string",
    difference: "string",
    failures: "long",
    failed_scopes: "long",
    successes: "long",
    scopes: "long",
    confidence: "double",
    first_failure: "timestamp",
    last_failure: "timestamp",
    first_success: "timestamp",
  },
});

export const outcomes = lesson("outcomes", {
  description: "One row a run and signature: how it went and what it took",
  unit: "scope",
  unitColumn: "run_id",
  key: ["run_id", "sig_hash"],
  reads: [
    "id",
    "source",
    "event_kind",
    "success",
    "duration_ms",
    "staffer_id",
    "sig_hash",
    "count",
    "filled",
    "turns",
    "citations",
    "rescue_attempted",
    "rescue_succeeded",
    "config_hash",
  ],
  columns: {
    run_id: "string",
    sig_hash: "string",
    event_kind: "string",
    source: "string",
    staffer_id: "string",
    config_hash: "string",
    success: "boolean",
    events: "long",
    succeeded: "long",
    failed: "long",
    fill_rate: "double",
    turns_per_event: "double",
    citations_per_event: "double",
    rescues_attempted: "long",
    rescued: "long",
    started_at: "timestamp",
    ended_at: "timestamp",
    busy_ms: "double",
  },
});

export const configurations = lesson("configurations", {
  description: "The settings that runs were under",
  unit: "config_hash",
  key: ["config_hash"],
  reads: ["success", "config_hash", "config"],
  columns: {
    config_hash: "string",
    config: "string",
    events: "long",
    succeeded: "long",
    scopes: "long",
    ...span,
  },
});

export const playbooks = lesson("playbooks", {
  description: "What succeeded repeatedly under one signature",
  unit: "sig_hash",
  key: ["playbook_id"],
  reads: [
    "event_kind",
    "success",
    "endpoint",
    "duration_ms",
    "sig_hash",
    "role",
    "city",
    "state",
    "config",
    "config_hash",
    "recalled",
  ],
  columns: {
    playbook_id: "string",
    sig_hash: "string",
    event_kind: "string",
    role: "string",
    city: "string",
    state: "string",
    endpoint: "string",
    config_hash: "string",
    config: "string",
    successes: "long",
    scopes: "long",
    failures: "long",
    confidence: "double",
    success_rate: "double",
    typical_ms: "double",
    followed_succeeded: "long",
    followed_failed: "long",
    ...span,
  },
});

export const actors = lesson("actors", {
  description: "What each actor can, with every part of the sum",
  unit: "staffer_id",
  key: ["staffer_id"],
  reads: [
    "success",
    "staffer_id",
    "count",
    "filled",
    "turns",
    "citations",
    "rescue_attempted",
    "rescue_succeeded",
  ],
  columns: {
    staffer_id: "string",
    runs: "long",
    events: "long",
    fill_rate: "double",
    turns_per_event: "double",
    turn_efficiency: "double",
    citations_per_event: "double",
    citation_density: "double",
    rescues_attempted: "long",
    rescued: "long",
    rescue_rate: "double",
    weights: "double",
    raw_competence: "double",
    competence: "double",
    ...span,
  },
});
