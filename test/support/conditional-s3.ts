import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { onTestFinished, vi } from "vitest";
import type { S3Server } from "./s3.ts";

/** What the server does with a request instead of answering it; undefined answers it. */
export type Fault = (
  request: IncomingMessage,
  perform: () => Promise<void>,
) => Promise<"dropped" | { status: number; code: string }> | undefined;

export interface ConditionalS3 extends S3Server {
  readonly objects: Map<string, Buffer>;
  fault: Fault | undefined;
}

/** So much of S3 as creating, reading and deleting single objects needs; a PUT honours `If-None-Match: *`. */
export async function startConditionalS3(): Promise<ConditionalS3> {
  const objects = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    handle(s3, request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  vi.stubEnv("AWS_ACCESS_KEY_ID", "key");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const s3: ConditionalS3 = {
    endpoint: `http://127.0.0.1:${port}`,
    bucket: "lake",
    objects,
    fault: undefined,
  };
  return s3;
}

async function handle(s3: ConditionalS3, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const key = decodeURIComponent((request.url ?? "").split("?")[0]?.replace("/lake/", "") ?? "");
  const perform = async () => {
    if (request.method === "PUT") s3.objects.set(key, body);
  };

  const outcome = await s3.fault?.(request, perform);
  if (outcome === "dropped") {
    response.destroy();
    return;
  }
  if (outcome) {
    refuse(response, outcome.status, outcome.code);
    return;
  }
  answer(s3, request, response, key, body);
}

function answer(
  { objects }: ConditionalS3,
  { method, headers }: IncomingMessage,
  response: ServerResponse,
  key: string,
  body: Buffer,
): void {
  const found = objects.get(key);
  if (method === "PUT" && headers["if-none-match"] === "*" && found)
    refuse(response, 412, "PreconditionFailed");
  else if (method === "PUT") {
    objects.set(key, body);
    response.writeHead(200, { etag: etag(body) }).end();
  } else if (method === "DELETE") {
    objects.delete(key);
    response.writeHead(204).end();
  } else if (!found) refuse(response, 404, "NoSuchKey");
  else {
    response.writeHead(200, {
      etag: etag(found),
      "content-length": found.length,
      "last-modified": new Date(0).toUTCString(),
    });
    response.end(method === "HEAD" ? undefined : found);
  }
}

function etag(body: Buffer): string {
  return `"${createHash("md5").update(body).digest("hex")}"`;
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "content-type": "application/xml" });
  response.end(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}
