import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { Writable } from "node:stream";
import { pino } from "pino";
import { describe, expect } from "vitest";
import { ProblemDocument, type ProblemName, problems } from "../../api/problem.ts";
import { answerProtocolErrors } from "../../api/protocol-errors.ts";
import { dataHeaders } from "../../api/security-headers.ts";
import { test } from "./api.ts";

const silent = pino({ level: "silent" });

function dial(url: string): Socket {
  const { hostname, port } = new URL(url);
  return connect({ host: hostname, port: Number(port) });
}

/** All that comes back until the server closes. */
async function hear(socket: Socket): Promise<string> {
  let heard = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    heard += text;
  });
  await once(socket, "close");
  return heard;
}

function say(url: string, text: string): Promise<string> {
  const socket = dial(url);
  socket.write(text);
  return hear(socket);
}

function problemIn(answer: string, name: ProblemName) {
  const [head = "", sent = ""] = answer.split("\r\n\r\n");
  const body = sent.slice(sent.indexOf("{"), sent.lastIndexOf("}") + 1);
  const [first, ...lines] = head.split("\r\n");
  const headers = new Headers(
    lines.map((line): [string, string] => [
      line.slice(0, line.indexOf(":")),
      line.slice(line.indexOf(":") + 1).trim(),
    ]),
  );
  const problem = ProblemDocument.parse(JSON.parse(body));
  const { status, title } = problems[name];
  expect(first).toMatch(new RegExp(`^HTTP/1.1 ${status} \\w`));
  expect(problem).toMatchObject({ type: `urn:millrace:problem:${name}`, status, title });
  expect(headers.get("content-type")).toMatch(/^application\/problem\+json/);
  expect(headers.get("x-request-id")).toBe(problem.requestId);
  expect(headers.get("connection")).toBe("close");
  expect(headers.get("content-length") ?? String(body.length)).toBe(String(body.length));
  for (let at = 0; at < dataHeaders.length; at += 2) {
    expect(headers.get(dataHeaders[at] ?? "")).toBe(dataHeaders[at + 1]);
  }
  return { problem, headers };
}

const host = "Host: localhost\r\n";
const post = `POST /jobs/parcel HTTP/1.1\r\n${host}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;

describe("what is no request to Node", () => {
  test.for([
    ["no HTTP", "hello\r\n\r\n", "bad-request"],
    ["a space in a header's name", `GET /health HTTP/1.1\r\n${host}a b: c\r\n\r\n`, "bad-request"],
    [
      "two lengths",
      `GET /health HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
      "bad-request",
    ],
    ["a chunk without a length", `${post}zz\r\n`, "bad-request"],
    ["no Host", "GET /health HTTP/1.1\r\nConnection: close\r\n\r\n", "bad-request"],
    ["an expectation", `GET /health HTTP/1.1\r\n${host}Expect: foo\r\n\r\n`, "unknown-expectation"],
    ["large headers", `GET /health HTTP/1.1\r\n${host}a: ${"x".repeat(20_000)}\r\n\r\n`, "headers-too-large"],
    ["very large headers", `GET /health HTTP/1.1\r\n${host}a: ${"x".repeat(2_000_000)}`, "headers-too-large"],
    ["a large extension of a chunk", `${post}1;${"x".repeat(20_000)}`, "too-large"],
    ["CONNECT", `CONNECT localhost:80 HTTP/1.1\r\n${host}\r\n`, "wrong-method"],
  ] as const)(
    "is answered with a problem, and the connection ends: %s",
    async ([, text, name], { serve }) => {
      const api = await serve();
      const { headers } = problemIn(await say(api.url, text), name);
      if (name === "wrong-method") expect(headers.get("allow")).toContain("POST");
      expect((await api.fetch("/health")).status).toBe(200);
    },
  );

  test("is not said again, nor into an answer that has begun", async ({ serve }) => {
    const api = await serve();
    const twice = dial(api.url);
    twice.write("hello\r\n\r\n");
    twice.on("data", () => twice.write("and hello again\r\n\r\n"));
    expect((await hear(twice)).match(/HTTP\/1\.1 \d/g)).toHaveLength(1);

    const { links } = (await (await api.post("/jobs/parcel", { to: "mill" })).json()) as {
      links: { events: string };
    };
    const stream = dial(api.url);
    stream.write(`GET ${links.events} HTTP/1.1\r\n${host}\r\n`);
    stream.once("data", () => stream.write("hello\r\n\r\n"));
    const heard = await hear(stream);
    expect(heard).toContain("event: job");
    expect(heard.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
  });

  test.for([
    ["hello\r\n\r\n", "bad-request"],
    [`CONNECT localhost:80 HTTP/1.1\r\n${host}\r\n`, "wrong-method"],
  ] as const)("comes after the answer to the request before it: %j", async ([text, name], { serve }) => {
    const api = await serve();
    const body = '{"to":"mill"}';
    const asked = `POST /jobs/parcel HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const heard = await say(api.url, `${asked}${text}`);
    expect(heard).toMatch(/^HTTP\/1\.1 202 /);
    problemIn(heard.slice(heard.lastIndexOf("HTTP/1.1 ")), name);
  });

  test("has its line in the log, with nothing of what was sent", async ({ serve }) => {
    let said = "";
    const log = pino(
      new Writable({
        write(line, _, done) {
          said += String(line);
          done();
        },
      }),
    );
    const api = await serve({ log });
    const text = `GET /mary HTTP/1.1\r\n${host}X-API-Key: mill_secret\r\na b: c\r\n\r\n`;
    const { problem } = problemIn(await say(api.url, text), "bad-request");
    expect(said).toContain(problem.requestId);
    expect(said).not.toMatch(/mary|mill_secret/);
  });

  test("ends nothing when its caller is gone", async ({ serve }) => {
    const api = await serve();
    for (const text of ["hello\r\n\r\n", `${post}zz\r\n`, `CONNECT a:80 HTTP/1.1\r\n${host}\r\n`, post]) {
      const socket = dial(api.url);
      await once(socket, "connect");
      socket.write(text, () => socket.resetAndDestroy());
      await once(socket, "close");
    }
    expect((await api.fetch("/health")).status).toBe(200);
  });
});

test("a request that does not arrive in time is told so", async () => {
  const refuse = () => {
    throw new Error("It is no request");
  };
  const server = createServer(
    { headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 20 },
    refuse,
  );
  answerProtocolErrors(server, refuse, silent);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  problemIn(await say(urlOf(server), "GET /health HTTP/1.1\r\nHost: lo"), "too-slow");
  server.close();
});

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return `http://127.0.0.1:${address.port}`;
}
