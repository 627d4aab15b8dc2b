import { expect } from "vitest";
import { type Random, randomOf } from "../../../data/clinical/generator/random.ts";
import { buildGold } from "../../../data/clinical/gold/build-gold.ts";
import { withdrawSilver } from "../../../data/clinical/silver/merge-silver.ts";
import { silverNames } from "../../../data/clinical/silver/tables.ts";
import type { Lake } from "../../../data/lake.ts";
import { base64, bundle, mergeAll, parseFiles, type Row, select, test } from "./clinic.ts";

const to = (id: string) => ({ reference: `urn:uuid:${id}` });
const day = (random: Random) =>
  new Date(Date.UTC(2020, random.whole(0, 11), random.whole(1, 28))).toISOString();

/** A patient of four visits drawn anew each time, some of whose rows name another patient's visits. */
function randomBundle(random: Random, patient: number): string {
  const id = `p${patient}`;
  const visit = () => to(`v${random.chance(0.9) ? patient : random.whole(0, 5)}-${random.whole(0, 3)}`);
  const list = (count: number, make: (position: number) => object) =>
    Array.from({ length: count }, (_, i) => make(i));
  return bundle(
    { resourceType: "Patient", id, birthDate: "1970-05-05", gender: random.pick(["male", "female"]) },
    ...list(random.whole(2, 4), (i) => ({
      resourceType: "Encounter",
      id: `v${patient}-${i}`,
      subject: to(random.chance(0.95) ? id : `p${random.whole(0, 5)}`),
      period: { start: day(random) },
    })),
    ...list(3, (i) => ({
      resourceType: "Condition",
      id: `c${patient}-${i}`,
      subject: to(id),
      code: { text: random.pick(["A", "B", "C"]) },
      onsetDateTime: day(random),
      ...(random.chance(0.5) ? { abatementDateTime: day(random) } : {}),
    })),
    ...list(2, (i) => ({
      resourceType: "MedicationRequest",
      id: `m${patient}-${i}`,
      status: random.pick(["active", "stopped"]),
      subject: to(id),
      medicationCodeableConcept: { text: random.pick(["X", "Y"]) },
      authoredOn: day(random),
    })),
    ...list(4, (i) => ({
      resourceType: "Observation",
      id: `o${patient}-${i}`,
      subject: to(id),
      encounter: visit(),
      category: [{ coding: [{ code: "laboratory" }] }],
      code: { coding: [{ code: "8867-4", display: "Heart rate" }] },
      valueQuantity: { value: random.whole(50, 99) },
    })),
    {
      resourceType: "DocumentReference",
      id: `n${patient}`,
      subject: to(id),
      content: [{ attachment: { data: base64(`note ${random.whole(1, 9)}`) } }],
      context: { encounter: [visit()] },
    },
  );
}

async function goldRows(lake: Lake): Promise<Row[]> {
  const gold = await (await lake.table("gold.encounter_summary").snapshot()).readSql();
  return await select(
    lake,
    `select * exclude (created_timestamp, silver_versions) from (${gold}) order by encounter_id`,
  );
}

test.for([1, 2, 3])(
  "an incremental build ends as a full one does (changes drawn with seed %i)",
  async (seed, { lake, dir }) => {
    const random = randomOf(seed, 0);
    const all = Object.fromEntries(
      Array.from({ length: 6 }, (_, i) => [`p${i}.json`, randomBundle(random, i)]),
    );
    await mergeAll(lake, await parseFiles(lake, dir, all));
    await buildGold(lake, { instant: new Date() });

    for (let round = 0; round < 3; round++) {
      const patient = random.whole(0, 5);
      const name = `p${patient}.json`;
      if (random.chance(0.25)) {
        for (const table of silverNames) await withdrawSilver(lake, table, [name]);
      } else {
        const parsed = await parseFiles(lake, dir, { [name]: randomBundle(random, patient) });
        await mergeAll(lake, parsed, [name]);
      }
      const built = await buildGold(lake, { instant: new Date() });
      expect(built.mode).not.toBe("full");
      const incremental = await goldRows(lake);

      const full = await buildGold(lake, { instant: new Date(), full: true });
      expect(full.write.outcome).toBe("unchanged");
      expect(await goldRows(lake)).toEqual(incremental);
    }
  },
);

test("a build that only looked at the changed patient itself would differ", async ({ lake, dir }) => {
  const visit = { resourceType: "Encounter", id: "v", subject: to("p1"), period: { start: "2020-01-01" } };
  const rate = (value: number) =>
    bundle({
      resourceType: "Observation",
      id: "o",
      subject: to("p2"),
      encounter: to("v"),
      code: { coding: [{ code: "8867-4" }] },
      valueQuantity: { value },
    });
  await mergeAll(lake, await parseFiles(lake, dir, { "p1.json": bundle(visit), "p2.json": rate(60) }));
  await buildGold(lake, { instant: new Date() });

  await mergeAll(lake, await parseFiles(lake, dir, { "p2.json": rate(70) }), ["p2.json"]);
  await buildGold(lake, { instant: new Date() });

  expect(await goldRows(lake)).toMatchObject([{ patient_id: "p1", recent_vitals: { heart_rate: 70 } }]);
});

test("a changed patient's visits are hidden in the file of all, and what nothing changed is not read at all", async ({
  lake,
  dir,
}) => {
  const patients = (changed: string) =>
    Object.fromEntries(
      Array.from({ length: 8 }, (_, i) => [
        `p${i}.json`,
        bundle(
          { resourceType: "Patient", id: `p${i}`, gender: `p${i}.json` === changed ? "other" : "female" },
          { resourceType: "Encounter", id: `v${i}`, subject: to(`p${i}`), period: { start: "2020-01-01" } },
        ),
      ]),
    );
  await mergeAll(lake, await parseFiles(lake, dir, patients("")));
  await buildGold(lake, { instant: new Date() });
  const [file = ""] = await goldFiles(lake);

  await mergeAll(lake, await parseFiles(lake, dir, patients("p3.json")));
  const one = await buildGold(lake, { instant: new Date() });
  const none = await buildGold(lake, { instant: new Date() });

  expect(one.write.rows).toEqual({ inserted: 0, updated: 1, deleted: 0 });
  const last = await lake.storage.get(`gold/encounter_summary/_delta_log/${"2".padStart(20, "0")}.json`);
  expect(last.toString()).toContain(`"add":{"path":"${file}"`);
  expect((await goldRows(lake)).map(({ patient_gender }) => patient_gender)).toEqual(
    Array.from({ length: 8 }, (_, i) => (i === 3 ? "other" : "female")),
  );
  expect(none).toMatchObject({ mode: "none", patients: 0, write: { version: one.write.version } });
  expect(none.manifest).toEqual(one.manifest);
});

async function goldFiles(lake: Lake): Promise<string[]> {
  const names: string[] = [];
  for await (const { key } of lake.storage.list("gold/encounter_summary/part-"))
    names.push(key.slice("gold/encounter_summary/".length));
  return names;
}
