import { DataError } from "../../errors.ts";
import { ModelMismatchError } from "../errors.ts";
import type { IndexDefinition } from "../index-definition.ts";
import { BUILT_IN, builtIn } from "./built-in.ts";
import type { Embedder } from "./embedder.ts";
import type { ModelServer } from "./ollama.ts";

export interface EmbedderOptions {
  /** Undefined: only the built-in embedder serves. */
  readonly server?: ModelServer | undefined;
  readonly signal?: AbortSignal;
}

/** The embedder of a name: `built-in`, or a model that the model server has. */
export function openEmbedder(name: string, options: EmbedderOptions = {}): Promise<Embedder> {
  return open(name, undefined, options);
}

/** The embedder that made an index's vectors; another model, or another version of it, is refused. */
export async function openIndexEmbedder(
  { name, content, model, dimensions }: IndexDefinition,
  options: EmbedderOptions = {},
): Promise<Embedder> {
  if (content.kind === "vector")
    throw new DataError(`The index ${name} holds vectors that came with their rows: ask it with a vector.`);
  const embedder = await open(content.embedder, dimensions, options);
  if (embedder.model === model && embedder.dimensions === dimensions) return embedder;
  throw new ModelMismatchError(
    `The vectors of the index ${name} are of ${model} with ${dimensions} numbers, and ${content.embedder} is now ${embedder.model} with ${embedder.dimensions}: vectors of two models are never compared. Create an index anew, or bring the model back.`,
  );
}

async function open(
  name: string,
  dimensions: number | undefined,
  { server, signal }: EmbedderOptions,
): Promise<Embedder> {
  if (name === BUILT_IN) return builtIn;
  if (!server)
    throw new DataError(
      `The model ${name} needs a model server: set OLLAMA_URL, or take the embedder ${BUILT_IN}.`,
    );
  const { OllamaEmbedder } = await import("./ollama.ts");
  return OllamaEmbedder.open(server, name, {
    ...(dimensions !== undefined && { dimensions }),
    ...(signal && { signal }),
  });
}
