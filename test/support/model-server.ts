import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";

const Chat = z.object({ messages: z.array(z.object({ role: z.string(), content: z.string() })) });
const Embed = z.object({ model: z.string(), input: z.union([z.string(), z.array(z.string())]) });

/** How a stand-in treats the requests to come; each may be changed while it serves. */
export interface Behaviour {
  /** The digest that the list of models has. */
  digest: string;
  dimensions: number;
  /** Answers with this status and text instead of vectors. */
  failure: { status: number; text: string } | undefined;
  /** Leaves a request with more texts than this without an answer. */
  slowAbove: number;
  /** What it writes when it is asked to in words; it sees all that it was told. */
  reply: (told: string) => string;
  /** Called before a request is answered. */
  onEmbed: (texts: readonly string[]) => void | Promise<void>;
}

/**
 * Speaks what Millrace uses of Ollama's protocol: `GET /api/tags`, `POST /api/embed` and `POST /api/chat`. Its vectors
 * follow from the texts, and it remembers every text it embedded.
 */
export class ModelServer implements AsyncDisposable {
  readonly behaviour: Behaviour = {
    digest: "f".repeat(64),
    dimensions: 8,
    failure: undefined,
    slowAbove: Number.POSITIVE_INFINITY,
    reply: () => "",
    onEmbed: () => undefined,
  };
  /** Every text it made a vector for, in order; one that it did twice stands twice. */
  readonly embedded: string[] = [];
  /** How many texts each request had, answered or not. */
  readonly batches: number[] = [];
  readonly #server: Server;
  #port = 0;

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<ModelServer> {
    const server = new ModelServer();
    await server.listen();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** On the same port as before, if there was one. */
  listen(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.listen(this.#port, "127.0.0.1", () => {
        this.#port = (this.#server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  stop(): Promise<void> {
    if (!this.#server.listening) return Promise.resolve();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async [Symbol.asyncDispose]() {
    await this.stop();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { digest } = this.behaviour;
    if (request.url === "/api/tags") {
      const details = { format: "gguf", family: "test", parameter_size: "1M", quantization_level: "F32" };
      send(response, 200, {
        models: [{ name: "tiny:latest", model: "tiny:latest", digest, size: 1, details }],
      });
      return;
    }
    if (request.method === "POST" && request.url === "/api/chat") {
      const { messages } = Chat.parse(JSON.parse(await bodyOf(request)));
      const content = this.behaviour.reply(messages.map((message) => message.content).join("\n"));
      send(response, 200, { model: "tiny", message: { role: "assistant", content }, done: true });
      return;
    }
    if (request.method !== "POST" || request.url !== "/api/embed") {
      send(response, 404, { error: "not found" });
      return;
    }
    const { model, input } = Embed.parse(JSON.parse(await bodyOf(request)));
    const texts = typeof input === "string" ? [input] : input;
    this.batches.push(texts.length);
    const { failure, slowAbove, onEmbed, dimensions } = this.behaviour;
    await onEmbed(texts);
    if (texts.length > slowAbove) return;
    if (failure) return send(response, failure.status, { error: failure.text });
    // Ollama fails the whole request when one vector cannot be written as JSON.
    if (texts.some((text) => text.includes("NaN"))) {
      return send(response, 500, { error: "failed to encode response: json: unsupported value: NaN" });
    }
    this.embedded.push(...texts);
    const embeddings = texts.map((text) => vectorOf(text, dimensions));
    send(response, 200, { model, embeddings, total_duration: 1, load_duration: 1, prompt_eval_count: 1 });
  }
}

export function vectorOf(text: string, dimensions: number): number[] {
  if (text.includes("nothing at all")) return new Array<number>(dimensions).fill(0);
  const vector = new Array<number>(dimensions).fill(0.1);
  for (let i = 0; i < text.length; i++) {
    const place = (text.charCodeAt(i) * 31 + i) % dimensions;
    vector[place] = (vector[place] ?? 0) + 1;
  }
  return vector;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
