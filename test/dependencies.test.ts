import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { read, sourceFolders, sourcesIn } from "./support/import-law.ts";

const Package = z.object({
  dependencies: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()),
  scripts: z.record(z.string(), z.string()),
});
const LockEntry = z.looseObject({
  version: z.string().optional(),
  integrity: z.string().optional(),
  optional: z.boolean().optional(),
  os: z.array(z.string()).optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
});

const { dependencies, devDependencies, scripts } = Package.parse(JSON.parse(read("package.json")));
const lockText = read("package-lock.json");
const { packages } = z.object({ packages: z.record(z.string(), LockEntry) }).parse(JSON.parse(lockText));

const product = [...sourceFolders.flatMap(sourcesIn), "config.ts", "cli/millrace.js"];
const everything = [
  ...product,
  ...sourcesIn("test").filter((file) => file !== "test/dependencies.test.ts"),
  ...(existsSync("bench") ? sourcesIn("bench") : []),
  ...readdirSync(".").filter((name) => name.endsWith(".config.ts")),
];

describe("dependencies", () => {
  test.each(Object.keys(dependencies))("%s is used by the product", (name) => {
    expect(isUsed(name, product)).toBe(true);
  });

  test.each(Object.keys(devDependencies))("%s is used by a test, a script or the compiler", (name) => {
    expect(isUsed(name, everything)).toBe(true);
  });

  test("a package that nobody imports is found unused", () => {
    expect(isUsed("left-pad", everything)).toBe(false);
    expect(isUsed("@types/left-pad", everything)).toBe(false);
  });

  test.each(Object.entries({ ...dependencies, ...devDependencies }))(
    "%s %s is pinned to what the lock file has",
    (name, pin) => {
      expect(pin).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
      expect(packages[`node_modules/${name}`]?.version).toBe(pin);
    },
  );

  test("every part of the job board has the same version", () => {
    const boards = Object.entries(packages).filter(([path]) => path.includes("@bull-board/"));

    expect(new Set(boards.map(([, { version }]) => version)).size).toBe(1);
  });
});

describe("the lock file", () => {
  test("names no place to download from, so it holds behind any registry", () => {
    expect(lockText).not.toMatch(/"resolved"/);
    expect(lockText.match(/https?:\/\/[^"/]*(registry|npm)[^"/]*\//g) ?? []).toEqual([]);
  });

  test("has a checksum for each package but those of other platforms, which a mirror may not carry", () => {
    const bare = Object.entries(packages).filter(([path, { integrity }]) => path !== "" && !integrity);
    const needed = bare.filter(([, { optional, os }]) => !optional || !os);

    expect(needed.map(([path]) => path)).toEqual([]);
  });

  test("has every platform's package, for npm ci refuses a lock file that lacks one", () => {
    const wanted = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
    const locked = Object.keys(packages).map((path) => path.slice(path.lastIndexOf("node_modules/") + 13));

    expect(locked).toEqual(expect.arrayContaining(wanted));
  });
});

function isUsed(name: string, files: readonly string[]): boolean {
  if (name.startsWith("@types/"))
    return name === "@types/node" || isUsed(name.slice("@types/".length), files);
  const binaries: Readonly<Record<string, string>> = { typescript: "tsc", "@biomejs/biome": "biome" };
  const command = binaries[name] ?? name;
  if (Object.values(scripts).some((script) => script.split(/\s+/).includes(command))) return true;
  const importing = new RegExp(`(?:from |import |\\()"${name}(/[^"]*)?"`);
  return files.some((file) => importing.test(readFileSync(file, "utf8")));
}
