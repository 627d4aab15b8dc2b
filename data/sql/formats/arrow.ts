import { setImmediate } from "node:timers/promises";
import type { DuckDBDataChunk } from "@duckdb/node-api";
import { Data, Field, RecordBatch, RecordBatchStreamWriter, Schema, Struct } from "apache-arrow";
import type { RowStream } from "../stream-rows.ts";
import { arrowData } from "./arrow-data.ts";
import { arrowType } from "./arrow-type.ts";

/** Values converted before other work of the process gets its turn. */
const VALUES_AT_ONCE = 4_000;

/** An Arrow IPC stream, a record batch for each chunk of the engine's. */
export async function* encodeArrow(result: RowStream): AsyncGenerator<Uint8Array> {
  const schema = new Schema(result.columns.map(({ name, type }) => new Field(name, arrowType(type), true)));
  // The writer queues what nobody has read yet, without bound; so each batch is written as a stream of its own,
  // freed of the schema before it and the end mark behind it.
  const head = streamOf(schema, []);
  const schemaBytes = head.subarray(0, head.length - END_BYTES);
  yield schemaBytes;
  for await (const chunk of result.chunks()) {
    const batch = await batchOf(schema, chunk);
    const bytes = streamOf(schema, [batch]);
    yield bytes.subarray(schemaBytes.length, bytes.length - END_BYTES);
    await setImmediate();
  }
  yield head.subarray(head.length - END_BYTES);
}

/** The end of a stream: a continuation mark and a length of zero. */
const END_BYTES = 8;

function streamOf(schema: Schema, batches: readonly RecordBatch[]): Uint8Array {
  const writer = new RecordBatchStreamWriter();
  writer.reset(undefined, schema);
  for (const batch of batches) writer.write(batch);
  writer.finish();
  return writer.toUint8Array(true);
}

async function batchOf(schema: Schema, chunk: DuckDBDataChunk): Promise<RecordBatch> {
  const columns: Data[] = [];
  let values = 0;
  for (const [index, field] of schema.fields.entries()) {
    columns.push(arrowData(field.type, chunk.getColumnValues(index)));
    values += chunk.rowCount;
    if (values >= VALUES_AT_ONCE) {
      values = 0;
      await setImmediate();
    }
  }
  return new RecordBatch(
    schema,
    new Data(new Struct(schema.fields), 0, chunk.rowCount, 0, [] as never, columns),
  );
}
