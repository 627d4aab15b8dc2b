/** How a result can be written, and what each is called on the web. */
export const formatMediaTypes = {
  json: "application/json; charset=utf-8",
  ndjson: "application/x-ndjson; charset=utf-8",
  csv: "text/csv; charset=utf-8; header=present",
  parquet: "application/vnd.apache.parquet",
  arrow: "application/vnd.apache.arrow.stream",
} as const;

export type FormatName = keyof typeof formatMediaTypes;
export const formatNames = Object.keys(formatMediaTypes) as [FormatName, ...FormatName[]];
