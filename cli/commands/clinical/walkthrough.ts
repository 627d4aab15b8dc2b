import { setTimeout as pause } from "node:timers/promises";
import type { PatientStory } from "../../../data/clinical/patient-story.ts";
import { alignColumns } from "../../columns.ts";
import type { CliContext } from "../../context.ts";
import type { Paint } from "../../paint.ts";

const CELL = 60;
const NOTE = 1_500;

export async function walkthrough(
  context: CliContext,
  { patientId, pause: seconds }: { readonly patientId?: string; readonly pause: number },
): Promise<void> {
  await using lake = await context.openLake();
  const { readStory } = await import("../../../data/clinical/patient-story.ts");
  const story = await readStory(lake, patientId);
  const { output } = context;
  if (!output.json) {
    for (const section of sections(story, output.paint)) {
      output.line(section);
      if (seconds > 0) await pause(seconds * 1_000);
    }
  }
  output.result(story, () => `To see it again: millrace walkthrough --patient-id ${story.id}`);
}

function* sections(story: PatientStory, paint: Paint): Generator<string> {
  const title = (text: string) => `\n${paint("bold", text)}`;
  yield `${title("Patient")}\n${fields({ id: story.id, gender: story.gender, born: story.birthDate }, paint)}`;
  yield `${title("1 Bronze: the bundle as it came")}\n${fields({ file: story.bundle.name, bytes: story.bundle.bytes.toLocaleString("en") }, paint)}
${alignColumns(
  [{ title: "resource" }, { title: "count", align: "right" }],
  story.bundle.resources.map(({ name, count }) => [name, String(count)]),
  paint,
)}
${paint("dim", story.bundle.patient)}`;
  yield `${title("2 Parsed: rows of this patient, and of all")}\n${alignColumns(
    [{ title: "table" }, { title: "patient", align: "right" }, { title: "all", align: "right" }],
    [...story.rows, story.goldRows].map(({ name, count, all }) => [
      name,
      count.toLocaleString("en"),
      all.toLocaleString("en"),
    ]),
    paint,
  )}`;
  yield [
    title("3 Silver: its first rows"),
    ...(["encounters", "conditions", "medications", "observations"] as const).map(
      (name) => `${paint("dim", name)}\n${table(story[name], paint)}`,
    ),
  ].join("\n");
  yield `${title("4 Gold: one visit")}\n${story.visit ? fields(story.visit, paint) : paint("dim", "no visit")}`;
}

function fields(values: Readonly<Record<string, unknown>>, paint: Paint): string {
  const width = Math.max(...Object.keys(values).map((name) => name.length));
  return Object.entries(values)
    .map(([name, value]) => `${paint("dim", name.padEnd(width))}  ${text(value, NOTE)}`)
    .join("\n");
}

function table(rows: readonly Readonly<Record<string, unknown>>[], paint: Paint): string {
  const [first] = rows;
  if (!first) return paint("dim", "none");
  const names = Object.keys(first);
  return alignColumns(
    names.map((name) => ({ title: name })),
    rows.map((row) => names.map((name) => text(row[name], CELL).replaceAll("\n", " "))),
    paint,
  );
}

function text(value: unknown, most: number): string {
  if (value === null || value === undefined) return "–";
  const whole = String(value);
  return whole.length > most ? `${whole.slice(0, most - 1)}…` : whole;
}
