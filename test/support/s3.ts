import { createRequire } from "node:module";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";
import { z } from "zod";
import { temporaryFolder } from "./folder.ts";

/** The server has no types of its own. */
const S3rver = z.custom<
  new (
    options: object,
  ) => {
    run(): Promise<{ port: number }>;
    close(): Promise<void>;
  }
>((value) => typeof value === "function");

export interface S3Server {
  readonly endpoint: string;
  readonly bucket: string;
}

/**
 * A real S3-compatible server for the running test. It takes `If-None-Match` on a PUT and overwrites nevertheless:
 * what needs conditional creation is tested against `startConditionalS3`.
 */
export async function startS3(): Promise<S3Server> {
  const Server = S3rver.parse(createRequire(import.meta.url)("s3rver"));
  const server = new Server({
    address: "127.0.0.1",
    port: 0,
    silent: true,
    directory: join(await temporaryFolder(), "s3"),
    configureBuckets: [{ name: "lake" }],
  });
  const { port } = await server.run();
  onTestFinished(() => server.close());
  vi.stubEnv("AWS_ACCESS_KEY_ID", "S3RVER");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "S3RVER");
  return { endpoint: `http://127.0.0.1:${port}`, bucket: "lake" };
}
