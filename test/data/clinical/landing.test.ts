import { mkdir, readFile, rename, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { landAssets } from "../../../data/clinical/bronze/assets.ts";
import { currentBundles } from "../../../data/clinical/bronze/bronze-bundle.ts";
import { recordParsed } from "../../../data/clinical/bronze/parsed-bundle.ts";
import { landBundles, withdrawBundles } from "../../../data/clinical/landing.ts";
import { parserRules } from "../../../data/clinical/parser-rules.ts";
import { planRefresh } from "../../../data/clinical/refresh-plan.ts";
import { openFolder } from "../../../data/storage/folder.ts";
import type { Storage } from "../../../data/storage/storage.ts";
import { bundle, test } from "./clinic.ts";

const now = new Date();

async function sourceOf(dir: string, names: readonly string[]): Promise<{ path: string; source: Storage }> {
  const path = join(dir, "source");
  await mkdir(path, { recursive: true });
  for (const name of names) await writeFile(join(path, name), bundle({ resourceType: "Patient", id: name }));
  return { path, source: openFolder(path) };
}

/** A source that counts how often a bundle is read. */
function counting(source: Storage): Storage & { reads: number } {
  const counted = { reads: 0 };
  return new Proxy(Object.assign(counted, source), {
    get(target, property) {
      if (property === "reads") return counted.reads;
      if (property === "read")
        return (key: string) => {
          counted.reads++;
          return source.read(key);
        };
      return Reflect.get(target, property);
    },
  });
}

const names = ["a.json", "b.json", "c.json", "d.json", "e.json"];

describe("landing", () => {
  test("deals the sorted names to any number of cohorts in turn", async ({ lake, dir }) => {
    const { source } = await sourceOf(dir, names);
    const { manifest, landed } = await landBundles(lake, source, { labels: ["A", "B", "C", "D"], now });

    expect(landed).toBe(5);
    expect(manifest).toMatchObject({ file_count: 5, cohorts: { A: 2, B: 1, C: 1, D: 1 } });
    const stored = JSON.parse((await lake.storage.get("bronze/_metadata/manifest.json")).toString());
    expect(stored).toEqual(manifest);
    expect((await lake.storage.get("bronze/fhir/cohort=A/e.json")).toString()).toContain('"id":"e.json"');
  });

  test("of a release names the folder in it that holds the bundles", async ({ lake, dir }) => {
    const { path } = await sourceOf(dir, names);
    await mkdir(join(dir, "release"));
    await rename(path, join(dir, "release", "fhir"));

    await expect(landBundles(lake, openFolder(join(dir, "release")), { labels: ["A"], now })).rejects.toThrow(
      /its folder fhir\/ holds some: name that/,
    );
  });

  test("again reads no bundle, writes nothing and keeps each in its cohort", async ({ lake, dir }) => {
    const { source } = await sourceOf(dir, names);
    const first = await landBundles(lake, source, { labels: ["A", "B"], now });
    const counted = counting(source);

    const second = await landBundles(lake, counted, { labels: ["A", "B", "C"], now: new Date() });

    expect(counted.reads).toBe(0);
    expect(second).toMatchObject({ landed: 0, changed: 0, skipped: 5, touched: [] });
    expect(second.manifest).toEqual(first.manifest);
  });

  test("knows a bundle by its content when only its date is new", async ({ lake, dir }) => {
    const { source, path } = await sourceOf(dir, ["a.json"]);
    await landBundles(lake, source, { labels: ["A"], now });
    await utimes(join(path, "a.json"), new Date(0), new Date(0));

    expect(await landBundles(lake, source, { labels: ["A"], now })).toMatchObject({
      skipped: 1,
      landed: 0,
      changed: 0,
    });
    const counted = counting(source);
    await landBundles(lake, counted, { labels: ["A"], now });
    expect(counted.reads).toBe(0);
  });

  test("puts a changed bundle beside the old one, which stays", async ({ lake, dir }) => {
    const { source, path } = await sourceOf(dir, ["a.json"]);
    await landBundles(lake, source, { labels: ["A"], now });
    const before = await lake.storage.get("bronze/fhir/cohort=A/a.json");
    await writeFile(join(path, "a.json"), bundle({ resourceType: "Patient", id: "other" }));

    expect(await landBundles(lake, source, { labels: ["A"], now })).toMatchObject({
      changed: 1,
      touched: ["A"],
    });

    const [current] = await currentBundles(lake);
    expect(current).toMatchObject({ version: 2, name: "a.json", cohort: "A" });
    expect((await lake.storage.get(current?.key ?? "")).toString()).toContain('"id":"other"');
    expect(await lake.storage.get("bronze/fhir/cohort=A/a.json")).toEqual(before);
  });

  test("takes a bundle of the same name under another label for a new version, and says which label it keeps", async ({
    lake,
    dir,
  }) => {
    const { source, path } = await sourceOf(dir, ["a.json", "b.json"]);
    await landBundles(lake, source, { labels: ["first"], now });
    await writeFile(join(path, "a.json"), bundle({ resourceType: "Patient", id: "other" }));
    await writeFile(join(path, "c.json"), bundle({ resourceType: "Patient", id: "new" }));

    expect(await landBundles(lake, source, { labels: ["second"], now })).toMatchObject({
      landed: 1,
      changed: 1,
      elsewhere: { first: 1 },
    });

    const cohorts = (await currentBundles(lake)).map(({ name, cohort, version }) => [name, cohort, version]);
    expect(cohorts).toEqual([
      ["a.json", "first", 2],
      ["b.json", "first", 1],
      ["c.json", "second", 1],
    ]);
  });

  test("that was killed after the bytes and before the row uses the bytes", async ({ lake, dir }) => {
    const { source, path } = await sourceOf(dir, ["a.json"]);
    await lake.storage.put("bronze/fhir/cohort=A/a.json", await readFile(join(path, "a.json")));
    await landBundles(lake, source, { labels: ["A"], now });
    expect((await currentBundles(lake)).map((one) => one.key)).toEqual(["bronze/fhir/cohort=A/a.json"]);
  });

  test("leaves files that may still be growing for the next pass", async ({ lake, dir }) => {
    const { source, path } = await sourceOf(dir, names);
    await utimes(join(path, "a.json"), new Date(0), new Date(0));
    const result = await landBundles(lake, source, { labels: ["A"], now: new Date(), settleMs: 60_000 });
    expect(result).toMatchObject({ landed: 1, unsettled: 4 });
  });

  test("leaves a file that changes while it is read for the next pass", async ({ lake, dir }) => {
    const { source, path } = await sourceOf(dir, ["a.json"]);
    const growing: Storage = {
      ...source,
      async read(key) {
        const stream = await source.read(key);
        await writeFile(join(path, "new"), `${await readFile(join(path, "a.json"))} `);
        await rename(join(path, "new"), join(path, "a.json"));
        return stream;
      },
    };
    expect(await landBundles(lake, growing, { labels: ["A"], now })).toMatchObject({
      landed: 0,
      unsettled: 1,
    });
    expect(await lake.storage.stat("bronze/fhir/cohort=A/a.json")).toBeUndefined();
  });

  test("takes the first of the sorted names when asked for a few", async ({ lake, dir }) => {
    const { source } = await sourceOf(dir, names);
    await landBundles(lake, source, { labels: ["A"], now, maxFiles: 2 });
    expect((await currentBundles(lake)).map((one) => one.name)).toEqual(["a.json", "b.json"]);
  });

  test("of nothing says where it looked, and of a bad label what labels are", async ({ lake, dir }) => {
    const { source } = await sourceOf(dir, []);
    await expect(landBundles(lake, source, { labels: ["A"], now })).rejects.toThrow(
      /No bundles lie directly under/,
    );
    await expect(landBundles(lake, source, { labels: ["../A"], now })).rejects.toThrow(/label is 1 to 64/);
  });

  test("copies assets once and counts them", async ({ lake, dir }) => {
    const { source, path } = await sourceOf(dir, []);
    await writeFile(join(path, "study.dcm"), "x");
    const manifest = await landAssets(lake, [{ kind: "dicom", source }], { now });
    expect(manifest.assets).toEqual({ dicom: { file_count: 1, total_bytes: 1 } });
    expect(await lake.storage.stat("bronze/dicom/study.dcm")).toBeDefined();
  });
});

describe("the plan of a refresh", () => {
  test("holds what is new or changed, then nothing, and on demand everything", async ({ lake, dir }) => {
    const { source, path } = await sourceOf(dir, names);
    await landBundles(lake, source, { labels: ["A", "B"], now });
    const first = await planRefresh(lake);
    expect(first.chunks.flat().map((one) => one.name)).toEqual([
      "a.json",
      "c.json",
      "e.json",
      "b.json",
      "d.json",
    ]);

    const done = first.chunks.flat().map(({ cohort, name, sha256 }) => ({
      cohort,
      name,
      sha256,
      rules: parserRules,
      reason: null,
      fingerprint: null,
    }));
    await recordParsed(lake, done, now);
    expect((await planRefresh(lake)).chunks).toEqual([]);
    await recordParsed(
      lake,
      done.map((one) => ({ ...one, rules: "other" })),
      now,
    );
    expect((await planRefresh(lake)).chunks.flat()).toHaveLength(done.length);
    await recordParsed(lake, done, now);
    expect((await planRefresh(lake, { full: true, cohorts: ["B"] })).chunks.flat()).toHaveLength(2);

    await writeFile(join(path, "c.json"), bundle());
    await landBundles(lake, source, { labels: ["A", "B"], now });
    expect((await planRefresh(lake)).chunks.flat().map((one) => one.name)).toEqual(["c.json"]);
  });

  test("names the bundles that were withdrawn", async ({ lake, dir }) => {
    const { source } = await sourceOf(dir, names);
    await landBundles(lake, source, { labels: ["A"], now });
    const done = (await currentBundles(lake)).map(({ cohort, name, sha256 }) => ({
      cohort,
      name,
      sha256,
      rules: parserRules,
      reason: null,
      fingerprint: null,
    }));
    await recordParsed(lake, done, now);

    expect(await withdrawBundles(lake, ["b.json", "nothing.json"], now)).toEqual({ withdrawn: 1 });
    const plan = await planRefresh(lake);
    expect(plan.withdrawn.map((one) => one.name)).toEqual(["b.json"]);
    expect(plan.chunks).toEqual([]);
  });
});
