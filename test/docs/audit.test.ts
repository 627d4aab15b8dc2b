import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";

const Advisories = z.object({
  packages: z.array(z.object({ name: z.string(), below: z.string(), why: z.string() })),
  acceptedInDevelopment: z.record(z.string(), z.string()),
  licences: z.array(z.string()),
  otherLicences: z.record(z.string(), z.string()),
});
const Entry = z.looseObject({
  version: z.string().optional(),
  license: z.string().optional(),
  dev: z.boolean().optional(),
  optional: z.boolean().optional(),
  os: z.array(z.string()).optional(),
  hasInstallScript: z.boolean().optional(),
});
type Entry = z.infer<typeof Entry>;

const json = (file: string): unknown => JSON.parse(readFileSync(file, "utf8"));
const advisories = Advisories.parse(json("test/docs/advisories.json"));
const { packages } = z.object({ packages: z.record(z.string(), Entry) }).parse(json("package-lock.json"));
const { allowScripts } = z
  .object({ allowScripts: z.record(z.string(), z.boolean()) })
  .parse(json("package.json"));
const locked = Object.entries(packages).filter(([path]) => path !== "");

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}

function isBelow(version: string, bound: string): boolean {
  const [a, b] = [version, bound].map((text) => text.split("-")[0]?.split(".").map(Number) ?? []);
  for (const [at, part] of (b ?? []).entries()) {
    const own = a?.[at] ?? 0;
    if (own !== part) return own < part;
  }
  return false;
}

function holesIn(entries: readonly (readonly [string, Entry])[]): string[] {
  return entries.flatMap(([path, { version = "0", dev }]) => {
    const name = nameOf(path);
    const hole = advisories.packages.find((one) => one.name === name && isBelow(version, one.below));
    const isAccepted = dev === true && name in advisories.acceptedInDevelopment;
    return hole && !isAccepted ? [`${path} ${version}: ${hole.why}`] : [];
  });
}

describe("the packages of the lock file", () => {
  test("have no hole that is written down here", () => {
    expect(holesIn(locked)).toEqual([]);
  });

  test("are found when they have one", () => {
    expect(holesIn([["node_modules/qs", { version: "6.5.1" }]])).toHaveLength(1);
    expect(holesIn([["node_modules/dicer", { version: "0.3.0" }]])).toHaveLength(1);
  });

  test("have licences that permit what we do, or a word on each that needs one", () => {
    const doubtful = locked.filter(([path, { license, os }]) => {
      // Packages of other platforms are not unpacked here, so nobody has read theirs.
      if (license === undefined && os !== undefined) return false;
      if (license === undefined && /-(darwin|linux|win32|android)/.test(path)) return false;
      if (license !== undefined && advisories.licences.includes(license)) return false;
      return !Object.keys(advisories.otherLicences).some((part) => path.includes(part));
    });

    expect(doubtful.map(([path]) => path)).toEqual([]);
  });

  test("run no script of their own at installation but those that package.json names, or optional ones", () => {
    const scripted = locked.filter(([, entry]) => entry.hasInstallScript && !entry.optional);
    const unnamed = scripted.map(([path]) => nameOf(path)).filter((name) => !(name in allowScripts));

    expect(unnamed).toEqual([]);
  });
});
