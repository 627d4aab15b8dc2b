import { z } from "zod";
import { TableNotFoundError } from "../../../data/delta/errors.ts";
import { defineIndex, NewIndex } from "../../../data/vectors/define-index.ts";
import { openEmbedder } from "../../../data/vectors/embedders/open-embedder.ts";
import { createIndex, findIndex } from "../../../data/vectors/indexes.ts";
import type { CliContext } from "../../context.ts";
import { CliFailure, UsageFailure } from "../../failure.ts";

export interface CreateOptions {
  readonly table: string;
  readonly id: string;
  readonly text?: string;
  readonly vector?: string;
  readonly embedder: string;
  readonly chunkSize: number;
  readonly overlap: number;
  readonly redact?: boolean;
  readonly metric: string;
  readonly backend: string;
  readonly targetRecall: number;
}

export async function createVectors(
  context: CliContext,
  name: string,
  options: CreateOptions,
): Promise<void> {
  const request = requestOf(name, options);
  const { ollamaUrl } = context.config();
  const server = ollamaUrl === undefined ? undefined : { url: ollamaUrl };
  await using lake = await context.openLake();
  const definition = await defineIndex(lake, request, (embedder) => openEmbedder(embedder, { server })).catch(
    (error) => {
      if (!(error instanceof TableNotFoundError)) throw error;
      throw new CliFailure(error.message, { next: "millrace table ls lists the tables", cause: error });
    },
  );
  const there = (await findIndex(lake, name)) !== undefined;
  const created = await createIndex(lake, definition);
  context.output.result(created, (paint) => {
    const head = there
      ? `${created.name} is there already, unchanged`
      : `${paint("green", "created")} ${created.name}`;
    return `${head}: ${created.dimensions} numbers a vector, model ${created.model}\n${paint("dim", "next:")} millrace vectors refresh ${created.name}`;
  });
}

function requestOf(name: string, options: CreateOptions): NewIndex {
  const { table, id, text, vector, embedder, chunkSize, overlap, redact = false, metric, backend } = options;
  if ((text === undefined) === (vector === undefined))
    throw new UsageFailure(
      "An index is made over a column of text or over one of vectors.",
      "give --text COLUMN or --vector COLUMN",
    );
  const content =
    text === undefined
      ? { kind: "vector", column: vector }
      : { kind: "text", column: text, embedder, chunkSize, overlap, redact };
  const { targetRecall } = options;
  const parsed = NewIndex.safeParse({ name, table, idColumn: id, content, metric, backend, targetRecall });
  if (!parsed.success)
    throw new UsageFailure(z.prettifyError(parsed.error), "millrace vectors create --help");
  return parsed.data;
}
