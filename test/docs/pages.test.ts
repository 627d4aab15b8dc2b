import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { describe, expect, test } from "vitest";
import { commands } from "../../cli/commands.ts";
import { settingNames } from "../../config.ts";
import { poolNames } from "../../queues/pools.ts";

const read = (file: string) => readFileSync(file, "utf8");
const pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...markdownIn("docs")];

describe.each(pages)("%s", (page) => {
  const text = read(page);

  test("links to pages that exist", () => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = ""]) =>
      join(dirname(page), target),
    );

    expect(links.filter((target) => !existsSync(target))).toEqual([]);
  });

  test("names commands that exist", () => {
    const named = [...text.matchAll(/(?:^|`|npx )millrace ([a-z]+)/gm)].map(([, name]) => name);
    const known = [...commands.map(({ name }) => name), "help"];

    expect(known).toEqual(expect.arrayContaining(named));
  });

  test("names files that exist", () => {
    const named = [...text.matchAll(/`((?:api|cli|data|queues|scheduler|test|workers|docs)\/[\w./-]*\w)`/g)];

    expect(
      named.map(([, file = ""]) => file).filter((file) => !existsSync(file) && file !== "data/lake"),
    ).toEqual([]);
  });
});

test("docs/configuration.md lists the settings of config.ts, each once, in its order", () => {
  const rows = [...read("docs/configuration.md").matchAll(/^\| `([A-Z0-9_]+)` \| .+ \| .+ \|$/gm)];

  expect(rows.map(([, name]) => name)).toEqual(settingNames);
});

describe("README.md", () => {
  const text = read("README.md");

  test.each(["npm ci && npm run demo", "npm ci && npm test", "docker compose up --scale silver-merge=3"])(
    "has the command %s",
    (command) => {
      expect(text).toContain(command);
    },
  );

  test("scales a pool that there is", () => {
    const scaled = [...text.matchAll(/--scale ([a-z-]+)=/g)].map(([, name]) => name);

    expect(poolNames).toEqual(expect.arrayContaining(scaled));
  });

  test("fits on a screen or two", () => {
    expect(text.split("\n").length).toBeLessThan(70);
  });
});

test.each(readdirSync("docs/decisions"))(
  "the decision %s says what led to it, what follows and what was refused",
  (file) => {
    const text = read(join("docs/decisions", file));

    expect(file).toMatch(/^\d{4}-[a-z0-9-]+\.md$/);
    expect(text).toMatch(new RegExp(`^# 0*${Number(file.slice(0, 4))}\\b`));
    for (const part of ["Context", "Decision", "Consequences", "Rejected"]) {
      expect(text).toMatch(new RegExp(`^(#+ |\\*\\*)?${part}\\b`, "m"));
    }
  },
);

test("no two decisions have one number", () => {
  const numbers = readdirSync("docs/decisions").map((file) => file.slice(0, 4));

  expect(numbers).toEqual([...new Set(numbers)]);
});

function markdownIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
}
