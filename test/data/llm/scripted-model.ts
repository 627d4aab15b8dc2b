import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Bridge, openBridge } from "../../../data/llm/bridge.ts";
import { ModelMatrix } from "../../../data/llm/model-matrix.ts";
import { temporaryFolder } from "../../support/folder.ts";

export interface Asked {
  readonly model: string;
  readonly prompt: string;
  readonly think?: boolean;
  readonly format?: string;
  readonly options: { readonly num_predict: number };
}

/** What the model says to a request: a text that is whole, or one that was cut off. */
export type Script = (asked: Asked, at: number) => string | { cut: string };

export interface ScriptedModel {
  readonly url: string;
  readonly bridge: Bridge;
  readonly asked: Asked[];
  readonly logged: { readonly numbers: object; readonly words: string }[];
}

export const tier = (more: object = {}) => ({
  name: "small",
  model: "scripted",
  context_window: 1_000,
  output_tokens: 100,
  think: true,
  overflow_policy: "two_pass_map_reduce",
  calls: "as the test asks",
  ...more,
});

export async function writeMatrix(path: string, more: object = {}): Promise<void> {
  const tiers = Object.fromEntries(["T1", "T2", "T3", "T4", "T5"].map((name) => [name, tier(more)]));
  await writeFile(path, JSON.stringify({ tiers }));
}

/** A model server that says what its script says. */
export async function startModel(script: Script, tiers: object = {}): Promise<ScriptedModel> {
  const asked: Asked[] = [];
  const logged: ScriptedModel["logged"] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Asked;
    asked.push(body);
    const said = script(body, asked.length - 1);
    const [text, reason] = typeof said === "string" ? [said, "stop"] : [said.cut, "length"];
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ model: body.model, response: text, done: true, done_reason: reason }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const path = join(await temporaryFolder(), "models.json");
  await writeMatrix(path, tiers);
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  const log = { info: note, warn: note };
  function note(numbers: object, words: string) {
    logged.push({ numbers, words });
  }
  const bridge = openBridge({ url, matrix: new ModelMatrix(path), log: log as never });
  return { url, bridge, asked, logged };
}
