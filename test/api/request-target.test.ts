import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { expect, test } from "vitest";
import { pathOf, queryOf } from "../../api/request-target.ts";

function request(url: string): IncomingMessage {
  return Object.assign(new IncomingMessage(new Socket()), { url });
}

test.each([
  ["/jobs", "/jobs"],
  ["/jobs?pool=gold&state=failed", "/jobs"],
  ["/jobs/a%20b?c=/d", "/jobs/a%20b"],
  ["http://localhost:8080/jobs?pool=gold", "/jobs"],
  ["//elsewhere/jobs", "//elsewhere/jobs"],
  ["*", "*"],
  ["http://", "http://"],
])("the path of %s is %s", (url, path) => {
  expect(pathOf(request(url))).toBe(path);
});

test.each([
  ["/jobs", {}],
  ["/jobs?", {}],
  ["/jobs?pool=gold&state=failed", { pool: "gold", state: "failed" }],
  ["/jobs?state=failed&state=active", { state: ["failed", "active"] }],
  ["/jobs?name=a%20b+c%3D%3F?", { name: "a b c=??" }],
  ["http://localhost/jobs?pool=gold", { pool: "gold" }],
])("the query of %s is %j", (url, query) => {
  expect({ ...queryOf(request(url)) }).toEqual(query);
});
