import { expect } from "vitest";
import { test } from "./terminal.ts";

test("the line that the API listens has each of its fields once", async ({ terminal }) => {
  const api = terminal.start("api");
  await api.printed("the API listens");
  api.child.kill("SIGTERM");
  const { stdout } = await api.finished;

  const line = stdout.split("\n").find((each) => each.includes("the API listens")) ?? "";
  const fields = [...line.matchAll(/[{,]"(\w+)":/g)].map(([, name]) => name);
  expect(fields).toEqual(expect.arrayContaining(["pid", "url", "msg"]));
  expect(fields).toEqual([...new Set(fields)]);
});
