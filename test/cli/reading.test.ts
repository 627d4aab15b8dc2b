import { describe, expect, test } from "vitest";
import { alignColumns } from "../../cli/columns.ts";
import { renderMeter } from "../../cli/follow/bars.ts";
import { lineView } from "../../cli/follow/lines.ts";
import { type StageMeter, StageMeters } from "../../cli/follow/stage-meter.ts";
import { nearest } from "../../cli/nearest.ts";
import { coloured, paintFor, plain } from "../../cli/paint.ts";
import { renderLogLine } from "../../cli/processes/log-line.ts";
import { bytes, duration } from "../../cli/quantities.ts";
import type { JobView } from "../../queues/job-view.ts";

const job: JobView = {
  id: "merge.abc.1",
  kind: "merge",
  pool: "silver-merge",
  state: "active",
  cancelled: false,
  input: {},
  progress: null,
  attempts: { made: 0, allowed: 3 },
  createdAt: "2026-01-01T00:00:00.000Z",
  startedAt: null,
  finishedAt: null,
  error: null,
  output: null,
  parentId: null,
};

describe("quantities", () => {
  test.for([
    [0, "0 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [9_949, "9.9 s"],
    [9_951, "10 s"],
    [59_499, "59 s"],
    [59_500, "1 m 00 s"],
    [185_000, "3 m 05 s"],
    [3_599_999, "1 h 00 m"],
    [7_800_000, "2 h 10 m"],
    [270_000_000, "3 d 3 h"],
    [Number.NaN, "–"],
  ] as const)("reads %d milliseconds as %s", ([ms, text]) => {
    expect(duration(ms)).toBe(text);
  });

  test.for([
    [0, "0 B"],
    [999, "999 B"],
    [1_400_000, "1.4 MB"],
    [999_600, "1.0 MB"],
    [120e9, "120 GB"],
  ] as const)("reads %d bytes as %s", ([size, text]) => {
    expect(bytes(size)).toBe(text);
  });
});

describe("tables", () => {
  test("align by what is seen, not by the colours' codes", () => {
    const columns = [{ title: "pool" }, { title: "jobs", align: "right" }] as const;
    const rows = [
      [coloured("green", "a"), "1,000"],
      ["longer", coloured("dim", "1")],
    ];

    const table = alignColumns(columns, rows, coloured);

    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is taken away.
    expect(table.replace(/\u001b\[\d+m/g, "")).toBe(
      ["pool     jobs", "a       1,000", "longer      1"].join("\n"),
    );
  });

  test("have colours only for a person who wants them", () => {
    expect(paintFor({ isTTY: true }, {})).toBe(coloured);
    expect(paintFor({ isTTY: true }, { NO_COLOR: "1" })).toBe(plain);
    expect(paintFor({ isTTY: true }, { TERM: "dumb" })).toBe(plain);
    expect(paintFor({}, {})).toBe(plain);
  });
});

describe("the nearest name", () => {
  test("is found within a few letters, and not beyond", () => {
    expect(nearest("reconsile", ["optimize-tables", "reconcile"])).toBe("reconcile");
    expect(nearest("nonsense", ["optimize-tables", "reconcile"])).toBeUndefined();
  });
});

describe("a log line", () => {
  test("of pino becomes one line for a person, and any other stays as it is", () => {
    const time = new Date(2026, 0, 1, 9, 14, 2).getTime();
    const record = { level: 40, time, pid: 1, hostname: "h", msg: "slow", table: "silver.patient", rows: 3 };

    expect(renderLogLine(JSON.stringify({ ...record, err: { message: "too late" } }), plain)).toBe(
      '09:14:02 warn  slow table=silver.patient rows=3 err="too late"',
    );
    expect(renderLogLine("{ not a record", plain)).toBe("{ not a record");
    expect(renderLogLine('{"level":"high"}', plain)).toBe('{"level":"high"}');
  });
});

describe("the meters of a job", () => {
  test("know the rate and what is left once there is something to tell by", () => {
    const meters = new StageMeters();
    const at = (done: number): JobView => ({
      ...job,
      progress: { stage: "parse", done, total: 100, unit: "bundles" },
    });

    meters.observe(at(0), 0);
    meters.observe(at(20), 2_000);

    expect(meters.meters()).toMatchObject([{ done: 20, total: 100, rate: 10, leftMs: 8_000, over: false }]);
    expect(meters.meters().map((meter) => renderMeter(meter, plain))).toEqual([
      `  parse            ${"█".repeat(6)}${"░".repeat(22)} 20/100 bundles  10/s  8.0 s left`,
    ]);
  });

  test("end a stage when the next one begins, and all of them with the job", () => {
    const meters = new StageMeters();

    meters.observe({ ...job, progress: { stage: "parse", done: 9, total: 10, unit: "bundles" } }, 0);
    meters.observe({ ...job, progress: { stage: "merge", done: 1, total: null, unit: "rows" } }, 1);

    expect(meters.meters()).toMatchObject([
      { stage: "parse", done: 10, over: true },
      { stage: "merge", over: false },
    ]);
    meters.observe({ ...job, state: "completed" }, 2);
    expect(meters.meters().every(({ over }) => over)).toBe(true);
  });

  test("count the parts that have ended, stage by stage", () => {
    const meters = new StageMeters();
    const part = (id: string, state: JobView["state"]): JobView => ({ ...job, id: `${job.id}.${id}`, state });

    meters.observeChildren(job.id, [
      part("parse.0.0", "completed"),
      part("parse.1.0", "active"),
      part("merge.0.0", "failed"),
    ]);

    expect(meters.meters()).toMatchObject([
      { stage: "parse", done: 1, total: 2, over: false },
      { stage: "merge", done: 1, total: 1, over: true },
    ]);
  });
});

describe("the lines of a job", () => {
  const meter = (done: number, total: number | null, over = false, stage = "gold"): StageMeter => ({
    stage,
    unit: "rows",
    done,
    total,
    rate: null,
    leftMs: null,
    over,
  });

  function follow() {
    const lines: string[] = [];
    let now = 0;
    const view = lineView({ say: (line) => lines.push(line) }, () => now);
    const show = (state: JobView["state"], meters: readonly StageMeter[], at = now) => {
      now = at;
      view.show({ ...job, state }, meters);
    };
    return { lines, view, show, named: (state: string) => `${job.kind} ${job.id}: ${state}` };
  }

  test("end with the end, after what the parts came to, and say no amount that nobody knows", () => {
    const { lines, view, show, named } = follow();
    show("active", [meter(0, null)]);
    show("waiting-children", [meter(0, null)]);
    show("completed", [meter(0, null, true), meter(3, null, true, "parse")]);
    show("completed", [meter(0, null, true, "merge"), meter(1, 1, true, "parse")]);
    view.end();

    expect(lines).toEqual([
      named("running"),
      named("waits for its parts"),
      "  parse: 1/1 row",
      named("completed"),
    ]);
  });

  test("say the same once while nothing moves, and what has moved now and then", () => {
    const { lines, show, named } = follow();
    for (const at of [0, 6_000, 12_000]) show("active", [meter(1, 4)], at);
    show("active", [meter(2, 4)], 18_000);
    show("active", [meter(3, 4)], 18_100);

    expect(lines).toEqual([named("running"), "  gold: 1/4 rows", "  gold: 2/4 rows"]);
  });
});
