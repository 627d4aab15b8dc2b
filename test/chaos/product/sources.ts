import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateClinical } from "../../../data/clinical/generator/generate.ts";
import { type EventLine, lineOf, ObserverEvent } from "../../../data/observer/event.ts";
import { generateMimic } from "../../../data/sequences/generator/generate.ts";
import { Cluster } from "../cluster.ts";

/** What the product's work is done on: bundles, a copy of MIMIC-IV and events, all made here. */
export interface Sources {
  /** Of one night after the other: others, and in the last the first ones again, in which much has changed. */
  readonly nights: readonly string[];
  readonly mimic: string;
  readonly patients: number;
}

const EVENTS = 500;

export async function makeSources(patients: number): Promise<Sources> {
  const dir = await mkdtemp(join(tmpdir(), "millrace-sources-"));
  process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
  const nights: string[] = [];
  for (const [seed, visits] of [
    [1, 6],
    [2, 6],
    [1, 8],
  ] as const) {
    const outDir = join(dir, `night-${nights.length + 1}`);
    await generateClinical({ patients, seed: patients + seed, outDir, visits });
    nights.push(join(outDir, "fhir"));
  }
  await using cluster = await Cluster.start();
  const connection = await (await cluster.lake.duckdb()).connect();
  const size = { patients: patients * 3, labs: patients * 200, seed: patients, gzip: false, badRows: false };
  await generateMimic(connection, join(dir, "mimic"), size);
  connection.closeSync();
  return { nights, mimic: join(dir, "mimic"), patients };
}

/** Every third has failed, and what its role did next went well. */
export function eventLines(): EventLine[] {
  return Array.from({ length: EVENTS }, (_, n) => {
    const failed = n % 3 === 0;
    const event = ObserverEvent.parse({
      id: `event-${n}`,
      timestamp: Date.UTC(2026, 0, 1) + n * 1_000,
      source: "chaos",
      event_kind: "fill",
      success: !failed,
      ...(failed && { error: `The form ${n % 5} would not open` }),
      role: `role-${n % 5}`,
    });
    const line = lineOf(event, `event-${n}`);
    if (typeof line === "string") throw new Error(line);
    return line;
  });
}
