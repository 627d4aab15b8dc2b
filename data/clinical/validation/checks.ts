import { identifier, quote } from "../../sql/duckdb.ts";
import type { TableRules } from "./rules.ts";

/** What came of one rule. `failure` is its compact form for the log. */
export interface Outcome {
  readonly name: string;
  readonly passed: boolean;
  readonly detail: string;
  readonly failure?: string;
  /** A contract's rule or an error makes a table fail; a warning is only told. */
  readonly severity: "contract" | "error" | "warning";
}

export type Counts = Readonly<Record<string, number>>;

/** One check: what it counts in the table's one pass, and what it makes of the counts. */
export interface Check {
  readonly counts: Readonly<Record<string, string>>;
  judge(counts: Counts): Outcome | undefined;
}

interface Verdict {
  readonly name: string;
  readonly passed: boolean;
  readonly detail: string;
  readonly failure: string;
}

function outcome({ name, passed, detail, failure }: Verdict, severity: Outcome["severity"]): Outcome {
  return { name, passed, detail, severity, ...(passed ? {} : { failure }) };
}

function at(counts: Counts, name: string): number {
  return counts[name] ?? 0;
}

/** The rules of the contract as checks, in the order in which they are told. */
export function contractChecks(rules: TableRules, minRows: number, columns: ReadonlySet<string>): Check[] {
  const { shortNotes, sections, range } = rules;
  return [
    minimumRows(minRows),
    ...rules.nonNull.filter((column) => columns.has(column)).map(nonNull),
    ...(columns.has(rules.unique) ? [unique(rules.unique)] : []),
    ...(shortNotes ? [fewShortNotes(shortNotes)] : []),
    ...(sections ? [mostHaveSections(sections)] : []),
    ...(range && columns.has(range.column) ? [withinRange(range)] : []),
  ];
}

function minimumRows(min: number): Check {
  return {
    counts: {},
    judge: ({ rows = 0 }) =>
      outcome(
        {
          name: `min_rows>=${min}`,
          passed: rows >= min,
          detail: `${rows} (>= ${min})`,
          failure: `min_rows<${min}(=${rows})`,
        },
        "contract",
      ),
  };
}

function nonNull(column: string): Check {
  const count = `nulls ${column}`;
  return {
    counts: { [count]: `count(*) filter (where ${identifier(column)} is null)` },
    judge: (counts) =>
      outcome(
        {
          name: `non_null:${column}`,
          passed: at(counts, count) === 0,
          detail: `${at(counts, count)} nulls / ${at(counts, "rows")}`,
          failure: `nulls_in:${column}(${at(counts, count)})`,
        },
        "contract",
      ),
  };
}

function unique(column: string): Check {
  const count = `distinct ${column}`;
  return {
    counts: { [count]: `count(distinct ${identifier(column)})` },
    judge(counts) {
      const rows = at(counts, "rows");
      if (rows === 0) return undefined;
      const distinct = at(counts, count);
      return outcome(
        {
          name: `unique:${column}`,
          passed: distinct === rows,
          detail: `${distinct}/${rows} distinct`,
          failure: `non_unique:${column}(${distinct}/${rows})`,
        },
        "contract",
      );
    },
  };
}

function fewShortNotes({ below, share }: { readonly below: number; readonly share: number }): Check {
  return {
    counts: { short: `count(*) filter (where length(note_text) < ${below})` },
    judge(counts) {
      const rows = at(counts, "rows");
      if (rows === 0) return undefined;
      const found = at(counts, "short") / rows;
      return outcome(
        {
          name: `short_notes_pct<=${Math.round(share * 100)}%`,
          passed: found <= share,
          detail: `${found.toFixed(2)} (<= ${share}), ${at(counts, "short")}/${rows}`,
          failure: `short_notes_pct>${share}(=${found.toFixed(2)})`,
        },
        "contract",
      );
    },
  };
}

function mostHaveSections({
  flags,
  share,
}: {
  readonly flags: readonly string[];
  readonly share: number;
}): Check {
  return {
    counts: { complete: `count(*) filter (where ${flags.map(identifier).join(" and ")})` },
    judge(counts) {
      const rows = at(counts, "rows");
      if (rows === 0) return undefined;
      const found = at(counts, "complete") / rows;
      return outcome(
        {
          name: `sections_pct>=${Math.round(share * 100)}%`,
          passed: found >= share,
          detail: `${found.toFixed(2)} (>= ${share}), ${at(counts, "complete")}/${rows}`,
          failure: `sections_pct<${share}(=${found.toFixed(2)})`,
        },
        "contract",
      );
    },
  };
}

function withinRange({ column, low, high }: { column: string; low: number; high: number }): Check {
  const outside = `${identifier(column)} < ${low} or ${identifier(column)} > ${high}`;
  return {
    counts: { measured: `count(${identifier(column)})`, outside: `count(*) filter (where ${outside})` },
    judge(counts) {
      const measured = at(counts, "measured");
      if (measured === 0) return undefined;
      return outcome(
        {
          name: `range:${column}∈[${low},${high}]`,
          passed: at(counts, "outside") === 0,
          detail: `all ${measured} non-null within`,
          failure: `out_of_range:${column}(${at(counts, "outside")} not in [${low},${high}])`,
        },
        "contract",
      );
    },
  };
}

/** What the contract leaves unseen: empty keys, rows that belong to nothing, dates that cannot be. */
export function furtherChecks(rules: TableRules, table: (name: string) => string): Check[] {
  return [
    noneWhere(`non_empty:${rules.unique}`, "empty", `${identifier(rules.unique)} = ''`, "error"),
    ...Object.entries(rules.references ?? {}).map(([column, parent]) =>
      noneWhere(
        `refers:${column}`,
        `orphan ${column}`,
        `${identifier(column)} <> '' and ${identifier(column)} not in (select ${identifier(`${parent}_id`)} from ${table(parent)} where ${identifier(`${parent}_id`)} is not null)`,
        "error",
      ),
    ),
    ...Object.entries(rules.plausible ?? {}).map(([name, holds]) =>
      noneWhere(`plausible:${name}`, `odd ${name}`, `not (${holds})`, "warning"),
    ),
  ];
}

function noneWhere(name: string, count: string, bad: string, severity: "error" | "warning"): Check {
  return {
    counts: { [count]: `count(*) filter (where ${bad})` },
    judge: (counts) =>
      outcome(
        {
          name,
          passed: at(counts, count) === 0,
          detail: `${at(counts, count)} of ${at(counts, "rows")} rows`,
          failure: `${name}(${at(counts, count)})`,
        },
        severity,
      ),
  };
}

/** A table that lost more than a tenth of its rows since the last run has lost something by mistake. */
export function noSuddenDrop(before: number | undefined): Check {
  return {
    counts: {},
    judge({ rows = 0 }) {
      if (before === undefined || before === 0) return undefined;
      return outcome(
        {
          name: "drop<=10%",
          passed: rows >= before * 0.9,
          detail: `${rows} after ${before}`,
          failure: `drop>10%(${before}->${rows})`,
        },
        "error",
      );
    },
  };
}

/** The one pass over a table that all its checks share. */
export function countingSql(checks: readonly Check[], table: string): string {
  const counts = Object.assign({}, ...checks.map((check) => check.counts)) as Record<string, string>;
  const list = Object.entries(counts).map(([name, sql]) => `, ${sql} as ${identifier(name)}`);
  return `select count(*) as "rows"${list.join("")} from ${table}`;
}

/** A check's failures as the log keeps them. */
export function failedChecks(outcomes: readonly Outcome[]): string {
  return outcomes
    .filter((one) => !one.passed && one.severity !== "warning")
    .map((one) => one.failure ?? one.name)
    .join(",");
}

export function literal(value: string | number | boolean | null): string {
  if (value === null) return "null";
  return typeof value === "string" ? quote(value) : String(value);
}
