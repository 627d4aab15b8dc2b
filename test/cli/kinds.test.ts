import { tmpdir } from "node:os";
import { describe, expect, test } from "vitest";
import { kinds } from "../../workers/registry.ts";
import { runHere } from "./here.ts";
import { documentOf } from "./terminal.ts";

describe("jobs kinds", () => {
  test("lists every kind with what it does", async () => {
    const { code, stdout } = await runHere(tmpdir(), "jobs", "kinds");
    expect(code).toBe(0);
    for (const kind of kinds) expect(stdout).toContain(kind);
    expect(stdout).toContain("Build gold.encounter_summary from Silver");
  });

  test("lists the fields of one kind's input, those of its settings by their path", async () => {
    const { stdout } = await runHere(tmpdir(), "jobs", "kinds", "sequences-build");
    expect(stdout).toMatch(/^source +string +needed +The folder of a MIMIC-IV release/m);
    expect(stdout).toMatch(/^settings\.icd +raw \| versioned \| icd10 +raw +Codes as they are/m);
    expect(stdout).toMatch(/^settings\.lab_min_offset_hours +integer \| null +null/m);
  });

  test("gives them to programs as one document", async () => {
    const finished = await runHere(tmpdir(), "jobs", "kinds", "gold-build", "--json");
    const { fields } = documentOf(finished) as { fields: { name: string }[] };
    expect(fields).toContainEqual({
      name: "strict",
      type: "boolean",
      required: false,
      default: false,
      description: "A gate that fails fails the job",
    });
  });

  test("says so of a kind that takes nothing, and names what was probably meant", async () => {
    expect((await runHere(tmpdir(), "jobs", "kinds", "reconcile")).stdout).toContain("It takes no input.");
    const refused = await runHere(tmpdir(), "jobs", "kinds", "gold-bild");
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("did you mean gold-build?") });
  });

  test("is where a wrong input leads", async () => {
    const refused = await runHere(tmpdir(), "jobs", "run", "vectors-build");
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("jobs kinds vectors-build") });
  });
});
