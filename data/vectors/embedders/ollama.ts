import { setTimeout as pause } from "node:timers/promises";
import { Ollama } from "ollama";
import { z } from "zod";
import { DataError } from "../../errors.ts";
import { ModelServerError } from "../errors.ts";
import type { Embedder } from "./embedder.ts";

const LARGEST_BATCH = 64;
/** After so many batches in time a halved batch is tried at its double. */
const CALM_BATCHES = 8;
const REQUEST_MS = 60_000;
/** The server unloads a model that nobody used for so long; loading it again takes seconds. */
const KEEP_ALIVE = "10m";
const BUSY_PAUSES_MS = [250, 1_000, 4_000];

export interface ModelServer {
  readonly url: string;
  /** The longest that one request may take. */
  readonly requestMs?: number;
}

const Models = z.object({ models: z.array(z.object({ name: z.string(), digest: z.string() })) });
const Embeddings = z.object({ embeddings: z.array(z.array(z.number().nullable())) });

/** A model of an Ollama server. Batches shrink when the server is too slow for them, and grow again when it is not. */
export class OllamaEmbedder implements Embedder {
  readonly model: string;
  readonly dimensions: number;
  readonly #server: ModelServer;
  readonly #name: string;
  #batch = LARGEST_BATCH;
  #calm = 0;

  private constructor(server: ModelServer, name: string, model: string, dimensions: number) {
    this.#server = server;
    this.#name = name;
    this.model = model;
    this.dimensions = dimensions;
  }

  /** Finds the model and, where `dimensions` is unknown, asks it for a vector to learn it. */
  static async open(
    server: ModelServer,
    name: string,
    { dimensions, signal }: { readonly dimensions?: number; readonly signal?: AbortSignal } = {},
  ): Promise<OllamaEmbedder> {
    const answer = await request(server, signal, (client) => client.list());
    const { models } = Models.parse(answer);
    const found = models.find((model) => model.name === name || model.name === `${name}:latest`);
    if (!found)
      throw new DataError(
        `The model server has no model ${name}: get it with \`ollama pull ${name}\`, or name one it has.`,
      );
    const version = `ollama/${found.name}@${found.digest.replace(/^sha256:/, "").slice(0, 12)}`;
    if (dimensions !== undefined) return new OllamaEmbedder(server, name, version, dimensions);
    const probe = new OllamaEmbedder(server, name, version, 0);
    const [vector] = await probe.#ask(["How long is a vector?"], signal);
    if (!vector || vector.length === 0)
      throw new DataError(`The model ${name} gives no vector: it does not embed.`);
    return new OllamaEmbedder(server, name, version, vector.length);
  }

  async embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> {
    const vectors: Float32Array[] = [];
    while (vectors.length < texts.length) {
      signal?.throwIfAborted();
      const batch = texts.slice(vectors.length, vectors.length + this.#batch);
      const made = await this.#askInTime(batch, signal);
      if (made) vectors.push(...made);
    }
    return vectors;
  }

  /** Undefined when the batch took too long and a smaller one is to be tried. */
  async #askInTime(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[] | undefined> {
    try {
      const vectors = await this.#ask(texts, signal);
      this.#calm += 1;
      if (this.#calm >= CALM_BATCHES && this.#batch < LARGEST_BATCH) {
        this.#batch = Math.min(LARGEST_BATCH, this.#batch * 2);
        this.#calm = 0;
      }
      return vectors;
    } catch (error) {
      if (!(error instanceof SlowServerError) || texts.length === 1) throw error;
      this.#batch = Math.max(1, Math.floor(texts.length / 2));
      this.#calm = 0;
      return undefined;
    }
  }

  async #ask(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> {
    try {
      const answer = await request(this.#server, signal, (client) =>
        client.embed({ model: this.#name, input: [...texts], truncate: true, keep_alive: KEEP_ALIVE }),
      );
      const { embeddings } = Embeddings.parse(answer);
      if (embeddings.length !== texts.length)
        throw new ModelServerError(
          `The model server gave ${embeddings.length} vectors for ${texts.length} texts of ${this.#name}.`,
        );
      return embeddings.map(unitVector);
    } catch (error) {
      if (!(error instanceof NoNumberError)) throw error;
      // The server fails a whole batch for one text whose vector is no number: that one is looked for by halves.
      if (texts.length === 1) return [new Float32Array(this.dimensions)];
      const half = Math.ceil(texts.length / 2);
      return [
        ...(await this.#ask(texts.slice(0, half), signal)),
        ...(await this.#ask(texts.slice(half), signal)),
      ];
    }
  }
}

/** The request ran into its time limit: a smaller one may not. */
class SlowServerError extends ModelServerError {}
class NoNumberError extends ModelServerError {}
class BusyServerError extends ModelServerError {}

type Call = (client: Ollama) => Promise<unknown>;

async function request(server: ModelServer, signal: AbortSignal | undefined, call: Call): Promise<unknown> {
  for (const waitMs of BUSY_PAUSES_MS) {
    try {
      return await requestOnce(server, signal, call);
    } catch (error) {
      if (!(error instanceof BusyServerError)) throw error;
      await pause(waitMs, undefined, signal && { signal });
    }
  }
  return requestOnce(server, signal, call);
}

async function requestOnce(
  { url, requestMs = REQUEST_MS }: ModelServer,
  signal: AbortSignal | undefined,
  call: Call,
): Promise<unknown> {
  const limit = AbortSignal.timeout(requestMs);
  const stop = signal ? AbortSignal.any([signal, limit]) : limit;
  const client = new Ollama({ host: url, fetch: (input, init) => fetch(input, { ...init, signal: stop }) });
  try {
    return await call(client);
  } catch (error) {
    signal?.throwIfAborted();
    if (limit.aborted)
      throw new SlowServerError(`The model server at ${url} gave no answer within ${requestMs} ms.`);
    throw serverError(error, url);
  }
}

/** What the server says of the request is said of the data; all else may pass. */
function serverError(error: unknown, url: string): Error {
  const status = statusOf(error);
  const text = error instanceof Error ? error.message : String(error);
  if (status === undefined)
    return new ModelServerError(`The model server at ${url} does not answer: start it, or wait for it.`, {
      cause: error,
    });
  if (status === 429 || status === 503) return new BusyServerError(`The model server at ${url} is busy.`);
  if (status >= 500 && /NaN|unsupported value/i.test(text))
    return new NoNumberError(`The model server at ${url} made a vector that is no number.`);
  if (status >= 500) return new ModelServerError(`The model server at ${url} failed with status ${status}.`);
  return new DataError(
    `The model server at ${url} refused the request with status ${status}: ${text.slice(0, 200)}`,
  );
}

function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("status_code" in error)) return undefined;
  return typeof error.status_code === "number" ? error.status_code : undefined;
}

/** Of length 1; zeros and what is no number stay, for whoever stores them to refuse. */
function unitVector(numbers: readonly (number | null)[]): Float32Array {
  const vector = Float32Array.from(numbers, (x) => x ?? Number.NaN);
  let sum = 0;
  for (const x of vector) sum += x * x;
  if (!(sum > 0) || !Number.isFinite(sum)) return vector;
  const length = Math.sqrt(sum);
  return vector.map((x) => x / length);
}
