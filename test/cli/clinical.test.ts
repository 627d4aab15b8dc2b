import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { startPool } from "../../workers/pool.ts";
import { jobOfKind } from "../../workers/registry.ts";
import { documentOf, test } from "./terminal.ts";

const bundle = (patient: Readonly<Record<string, unknown>>) =>
  JSON.stringify({
    resourceType: "Bundle",
    type: "transaction",
    entry: [{ resource: { resourceType: "Patient", birthDate: "1980-01-01", ...patient } }],
  });

test("what `validate --strict` says next shows what fails now, and nothing once it is mended", async ({
  dir,
  terminal,
  services,
}) => {
  const source = join(dir, "source");
  await mkdir(source);
  await using _pool = await startPool(services, {
    pools: ["cohort-ingest", "silver-merge"],
    jobOf: jobOfKind,
  });
  const bring = async (patient: Readonly<Record<string, unknown>>) => {
    await writeFile(join(source, "a.json"), bundle(patient));
    expect((await terminal.run("land", "--source", source, "--settle-ms", "0")).code).toBe(0);
    expect((await terminal.run("refresh")).code).toBe(0);
    return await terminal.run("validate", "--strict");
  };

  const failing = await bring({ id: "p1" });
  const query = /millrace sql '([^']+)'/.exec(failing.stderr)?.[1] ?? "";
  const failures = async () => documentOf(await terminal.run("sql", query, "--json"));

  expect(failing.code).toBe(1);
  expect(await failures()).toMatchObject({ rows: [{ table: "patient", failed_checks: expect.any(String) }] });
  expect((await bring({ id: "p1", gender: "female" })).code).toBe(0);
  expect(await failures()).toMatchObject({ rows: [] });
});

test("`land` says what to do with what is new, and nothing when nothing is", async ({
  dir,
  terminal,
  services,
}) => {
  const source = join(dir, "source");
  await mkdir(source);
  await writeFile(join(source, "a.json"), bundle({ id: "p1" }));
  await using _pool = await startPool(services, { pools: ["cohort-ingest"], jobOf: jobOfKind });
  const land = (label: string) =>
    terminal.run("land", "--source", source, "--settle-ms", "0", "--labels", label);

  expect((await land("first")).stdout).toMatch(/landed 1 new.*\nnext: millrace refresh --with-gold/);
  expect((await land("first")).stdout).toMatch(/^landed 0 new, 0 changed; 1 were there already\n$/);

  await writeFile(join(source, "a.json"), bundle({ id: "p1", gender: "male" }));
  expect((await land("second")).stdout).toContain(
    "1 changed bundle landed before under first, and stays there, not under second",
  );
});

test("`quarantine` alone lists", async ({ terminal }) => {
  expect(await terminal.run("quarantine")).toMatchObject({
    code: 0,
    stdout: "No bundle is in quarantine.\n",
  });
});
