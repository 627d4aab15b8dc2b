import {
  DuckDBArrayType,
  type DuckDBDecimalType,
  DuckDBListType,
  DuckDBMapType,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
} from "@duckdb/node-api";
import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  Decimal,
  Field,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  List,
  Map_,
  Null,
  Struct,
  TimeMicrosecond,
  TimestampMicrosecond,
  TimestampMillisecond,
  TimestampNanosecond,
  TimestampSecond,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
} from "apache-arrow";

/** The Arrow type that holds every value of one of the engine's; text where Arrow has none. */
export function arrowType(type: DuckDBType): DataType {
  if (type instanceof DuckDBListType || type instanceof DuckDBArrayType) {
    return new List(new Field("item", arrowType(type.valueType), true));
  }
  if (type instanceof DuckDBStructType) {
    return new Struct(
      type.entryNames.map((name, index) => new Field(name, arrowType(type.entryTypes[index] ?? type), true)),
    );
  }
  if (type instanceof DuckDBMapType) {
    const entry = new Struct<{ key: DataType; value: DataType }>([
      new Field("key", arrowType(type.keyType), false),
      new Field("value", arrowType(type.valueType), true),
    ]);
    return new Map_(new Field("entries", entry, false), false);
  }
  return scalars[type.typeId]?.(type) ?? new Utf8();
}

const scalars: Partial<Record<DuckDBTypeId, (type: DuckDBType) => DataType>> = {
  [DuckDBTypeId.SQLNULL]: () => new Null(),
  [DuckDBTypeId.BOOLEAN]: () => new Bool(),
  [DuckDBTypeId.TINYINT]: () => new Int8(),
  [DuckDBTypeId.SMALLINT]: () => new Int16(),
  [DuckDBTypeId.INTEGER]: () => new Int32(),
  [DuckDBTypeId.BIGINT]: () => new Int64(),
  [DuckDBTypeId.UTINYINT]: () => new Uint8(),
  [DuckDBTypeId.USMALLINT]: () => new Uint16(),
  [DuckDBTypeId.UINTEGER]: () => new Uint32(),
  [DuckDBTypeId.UBIGINT]: () => new Uint64(),
  [DuckDBTypeId.HUGEINT]: () => new Decimal(0, 38, 128),
  [DuckDBTypeId.FLOAT]: () => new Float32(),
  [DuckDBTypeId.DOUBLE]: () => new Float64(),
  [DuckDBTypeId.DECIMAL]: (type) => {
    const { width, scale } = type as DuckDBDecimalType;
    return new Decimal(scale, width, 128);
  },
  [DuckDBTypeId.BLOB]: () => new Binary(),
  [DuckDBTypeId.DATE]: () => new DateDay(),
  [DuckDBTypeId.TIME]: () => new TimeMicrosecond(),
  [DuckDBTypeId.TIMESTAMP]: () => new TimestampMicrosecond(),
  [DuckDBTypeId.TIMESTAMP_TZ]: () => new TimestampMicrosecond("UTC"),
  [DuckDBTypeId.TIMESTAMP_S]: () => new TimestampSecond(),
  [DuckDBTypeId.TIMESTAMP_MS]: () => new TimestampMillisecond(),
  [DuckDBTypeId.TIMESTAMP_NS]: () => new TimestampNanosecond(),
};
