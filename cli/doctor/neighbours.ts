import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { z } from "zod";
import type { CliContext } from "../context.ts";
import type { CliSettings } from "../settings.ts";
import type { Check, Finding } from "./finding.ts";

/** Creating an object is where the storage finds out that a server does not do it as tables need it. */
export function bucketCheck(context: CliContext): Check {
  return {
    name: "lake on S3",
    async look() {
      const { openStorage } = await import("../../data/storage/open-storage.ts");
      const settings = context.config();
      await using storage = openStorage(settings.lakeUrl, settings);
      const key = `_doctor/${randomUUID()}`;
      await storage.putIfAbsent(key, "");
      await storage.delete(key);
      return { status: "ok", found: `${storage.url}, objects are created once` };
    },
  };
}

export function modelServerCheck({ ollamaUrl }: CliSettings): Check {
  return {
    name: "model server",
    async look() {
      if (ollamaUrl === undefined) return { status: "ok", found: "none set; the built-in embedder serves" };
      const models = z.object({ models: z.array(z.object({ name: z.string() })) });
      try {
        const response = await fetch(new URL("/api/tags", ollamaUrl), { signal: AbortSignal.timeout(3_000) });
        const names = models.parse(await response.json()).models.map(({ name }) => name);
        if (names.length > 0) return { status: "ok", found: `${names.length} models at OLLAMA_URL` };
        return { status: "warn", found: "it answers and has no model", next: "ollama pull nomic-embed-text" };
      } catch {
        return {
          status: "fail",
          found: "OLLAMA_URL does not answer as a model server",
          next: "Start it (ollama serve), or unset OLLAMA_URL to use the built-in embedder.",
        };
      }
    },
  };
}

export function apiCheck({ api }: CliSettings): Check {
  return {
    name: "API",
    async look() {
      const place = `${api.host}:${api.port}`;
      if (!isLoopback(api.host) && api.keysFile === undefined) {
        return {
          status: "fail",
          found: `${place} is open to other machines, and there are no API keys`,
          next: "Set API_KEYS_FILE (millrace keys makes them), or API_HOST=127.0.0.1.",
        };
      }
      if (await isFree(api)) return { status: "ok", found: `${place} is free` };
      return whoAnswers(place);
    },
  };
}

async function whoAnswers(place: string): Promise<Omit<Finding, "check">> {
  const health = z.object({ status: z.literal("alive"), uptimeS: z.number() });
  try {
    const response = await fetch(`http://${place}/health`, { signal: AbortSignal.timeout(3_000) });
    const { uptimeS } = health.parse(await response.json());
    return { status: "ok", found: `serves at ${place} for ${uptimeS} s` };
  } catch {
    return {
      status: "fail",
      found: `${place} is taken by another program`,
      next: "Set API_PORT to a free port.",
    };
  }
}

async function isFree({ host, port }: CliSettings["api"]): Promise<boolean> {
  const server = createServer().listen(port, host);
  try {
    await once(server, "listening");
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return false;
    throw error;
  } finally {
    server.close();
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
