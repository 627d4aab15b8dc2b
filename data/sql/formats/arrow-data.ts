import {
  type DuckDBArrayValue,
  type DuckDBBlobValue,
  type DuckDBDateValue,
  DuckDBDecimalValue,
  type DuckDBListValue,
  type DuckDBMapValue,
  type DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  type DuckDBTimestampTZValue,
  type DuckDBTimestampValue,
  type DuckDBTimeValue,
  type DuckDBValue,
} from "@duckdb/node-api";
import { Data, DataType, type Field } from "apache-arrow";
import { cellOf, cellText } from "./cell.ts";

/** One column of a batch. Arrow's own builders pass times through doubles and lose digits, so this does not use them. */
export function arrowData(type: DataType, values: readonly DuckDBValue[]): Data {
  const { length } = values;
  const { bitmap, nullCount } = validity(values);
  const build = (buffers: { offsets?: Int32Array; values?: ArrayBufferView }, children: Data[] = []) =>
    new Data(type, 0, length, nullCount, [buffers.offsets, buffers.values, bitmap] as never, children);

  if (DataType.isNull(type)) return new Data(type, 0, length, length);
  if (DataType.isList(type)) {
    const { offsets, items } = flatten(
      values,
      (value) => (value as DuckDBListValue | DuckDBArrayValue).items,
    );
    return build({ offsets }, [arrowData(childOf(type).type, items)]);
  }
  if (DataType.isStruct(type)) {
    const structs = values as readonly (DuckDBStructValue | null)[];
    return build(
      {},
      type.children.map((field) =>
        arrowData(
          field.type,
          structs.map((value) => value?.entries[field.name] ?? null),
        ),
      ),
    );
  }
  if (DataType.isMap(type)) {
    const { offsets, items } = flatten(values, (value) => (value as DuckDBMapValue).entries);
    const [key, value] = childOf(type).type.children as [Field, Field];
    const entries = new Data(childOf(type).type, 0, items.length, 0, [] as never, [
      arrowData(
        key.type,
        items.map((item) => item.key),
      ),
      arrowData(
        value.type,
        items.map((item) => item.value),
      ),
    ]);
    return build({ offsets }, [entries]);
  }
  if (DataType.isUtf8(type)) return build(bytesOf(values, (value) => Buffer.from(cellText(cellOf(value)))));
  if (DataType.isBinary(type)) return build(bytesOf(values, (value) => (value as DuckDBBlobValue).bytes));
  return build({ values: fixedWidth(type, values) });
}

function childOf({ children }: DataType): Field {
  const [child] = children;
  if (!child) throw new Error("a nested Arrow type has a child");
  return child;
}

function validity(values: readonly DuckDBValue[]): { bitmap: Uint8Array | undefined; nullCount: number } {
  const bitmap = new Uint8Array(Math.ceil(values.length / 64) * 8);
  let nullCount = 0;
  for (const [index, value] of values.entries()) {
    if (value === null) nullCount += 1;
    else setBit(bitmap, index);
  }
  return nullCount === 0 ? { bitmap: undefined, nullCount } : { bitmap, nullCount };
}

function setBit(bits: Uint8Array, index: number): void {
  bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7));
}

function flatten<Item>(values: readonly DuckDBValue[], itemsOf: (value: DuckDBValue) => readonly Item[]) {
  const offsets = new Int32Array(values.length + 1);
  const items: Item[] = [];
  for (const [index, value] of values.entries()) {
    if (value !== null) for (const item of itemsOf(value)) items.push(item);
    offsets[index + 1] = items.length;
  }
  return { offsets, items };
}

function bytesOf(values: readonly DuckDBValue[], toBytes: (value: DuckDBValue) => Uint8Array) {
  const offsets = new Int32Array(values.length + 1);
  const parts = values.map((value) => (value === null ? new Uint8Array() : toBytes(value)));
  for (const [index, part] of parts.entries()) offsets[index + 1] = (offsets[index] ?? 0) + part.length;
  return { offsets, values: Buffer.concat(parts) };
}

function fixedWidth(type: DataType, values: readonly DuckDBValue[]): ArrayBufferView {
  if (DataType.isBool(type)) {
    const bits = new Uint8Array(Math.ceil(values.length / 64) * 8);
    for (const [index, value] of values.entries()) if (value === true) setBit(bits, index);
    return bits;
  }
  if (DataType.isDecimal(type)) return decimals(values);
  const numbers = new type.ArrayType(values.length);
  for (const [index, value] of values.entries()) if (value !== null) numbers[index] = numberOf(value);
  return numbers;
}

/** 128 bits, two's complement, little end first. */
function decimals(values: readonly DuckDBValue[]): Uint32Array {
  const bytes = new DataView(new ArrayBuffer(values.length * 16));
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    const scaled = value instanceof DuckDBDecimalValue ? value.value : (value as bigint);
    bytes.setBigUint64(index * 16, BigInt.asUintN(64, scaled), true);
    bytes.setBigInt64(index * 16 + 8, BigInt.asIntN(64, scaled >> 64n), true);
  }
  return new Uint32Array(bytes.buffer);
}

/** The number that the engine and Arrow both keep for a value of fixed width. */
function numberOf(value: DuckDBValue): number | bigint {
  if (typeof value === "number" || typeof value === "bigint") return value;
  if (value instanceof DuckDBTimestampSecondsValue) return value.seconds;
  if (value instanceof DuckDBTimestampMillisecondsValue) return value.millis;
  if (value instanceof DuckDBTimestampNanosecondsValue) return value.nanos;
  if (value !== null && typeof value === "object" && "days" in value && !("months" in value)) {
    return (value as DuckDBDateValue).days;
  }
  return (value as DuckDBTimestampValue | DuckDBTimestampTZValue | DuckDBTimeValue).micros;
}
