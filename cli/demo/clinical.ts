import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { generateClinical } from "../../data/clinical/generator/generate.ts";
import { silverCounts } from "../../data/clinical/summary.ts";
import type { Lake } from "../../data/lake.ts";
import type { JobContract } from "../../queues/contract.ts";
import { enqueue } from "../../queues/enqueue.ts";
import { untilEnded } from "../../queues/watch.ts";
import { cohortLand, Input as LandInput } from "../../workers/cohort-ingest/cohort-land/job.ts";
import { cohortRefresh, Input as RefreshInput } from "../../workers/cohort-ingest/cohort-refresh/job.ts";
import { CliFailure } from "../failure.ts";
import type { DemoGround, DemoStep } from "./step.ts";

const PATIENTS = 60;

/** The main job of the product, small: bundles in, one row a visit out. */
export const clinicalCohorts: DemoStep = {
  title: "FHIR bundles of three cohorts, to Silver and Gold",
  async run(ground) {
    const { lake, say } = ground;
    const source = await mkdtemp(join(tmpdir(), "millrace-demo-fhir-"));
    try {
      const made = await generateClinical({ patients: PATIENTS, visits: 8, seed: 7, outDir: source });
      say(`${made.bundles} invented bundles, ${Math.round(made.bytes / 1e6)} MB`);
      await ended(ground, cohortLand, LandInput.parse({ source: join(source, "fhir"), settleMs: 0 }));
      const refreshed = await ended(ground, cohortRefresh, RefreshInput.parse({ withGold: true }));
      const counts = await silverCounts(lake);
      for (const [table, rows] of Object.entries(counts)) say(`silver.${table.padEnd(20)} ${rows}`);
      say(await oneVisit(lake));
      const { failed, quarantined, goldRows } = refreshed as Record<string, number>;
      if (goldRows !== counts.encounter) throw new CliFailure("Gold has not one row for each encounter.");
      return {
        bundles: made.bundles,
        "Gold rows": goldRows ?? 0,
        quarantined: quarantined ?? 0,
        "tables that fail a rule": failed ?? 0,
      };
    } finally {
      await rm(source, { recursive: true, force: true });
    }
  },
};

async function ended<Input>({ queues }: DemoGround, job: JobContract<Input>, input: Input): Promise<unknown> {
  const { id, kind } = await enqueue(queues, job, input);
  const done = await untilEnded(queues, id);
  if (done.state !== "completed") throw new CliFailure(`${kind} failed: ${done.error}`);
  return done.output;
}

const Visit = z.object({
  encounter_date: z.string(),
  encounter_type: z.string(),
  patient_age: z.number().nullable(),
  patient_gender: z.string().nullable(),
  conditions: z.string(),
  medications: z.string(),
});

/** One row of Gold in words; the patient is invented. */
async function oneVisit(lake: Lake): Promise<string> {
  const gold = await lake.table("gold.encounter_summary").snapshot();
  const [visit] = await (await lake.duckdb()).query(
    Visit,
    `select encounter_date::varchar as encounter_date, encounter_type, patient_age, patient_gender,
       array_to_string(active_conditions, ', ') as conditions, array_to_string(active_medications, ', ') as medications
     from (${await gold.readSql()})
     where soap_note_text is not null
     order by len(active_conditions) + len(active_medications) desc, encounter_id limit 1`,
  );
  if (!visit) throw new CliFailure("Gold has no visit with a note.");
  return `one visit: ${visit.encounter_date}, ${visit.encounter_type}, ${visit.patient_gender}, ${visit.patient_age} years; has ${visit.conditions || "no condition"}; takes ${visit.medications || "nothing"}`;
}
