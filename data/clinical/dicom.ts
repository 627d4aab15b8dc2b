import type { DuckDBConnection } from "@duckdb/node-api";
import dicomParser, { type DataSet } from "dicom-parser";
import { quote } from "../sql/duckdb.ts";
import type { Storage } from "../storage/storage.ts";

/** What Silver takes from the header of a DICOM file. */
export interface DicomHeader {
  readonly studyUid: string;
  readonly studyDescription: string | null;
  readonly seriesDescription: string | null;
  readonly studyDate: string | null;
  readonly manufacturer: string | null;
  readonly magneticFieldStrength: number | null;
  readonly sliceThickness: number | null;
  readonly rows: number | null;
  readonly columns: number | null;
}

export interface DicomHeaders {
  readonly headers: readonly DicomHeader[];
  /** Files whose name carries no study, and files that are no DICOM. */
  readonly unnamed: number;
  readonly malformed: number;
}

const PIXELS = "x7fe00010";
const FIRST_READ_BYTES = 16 * 1024;
const LARGEST_READ_BYTES = 4 * 1024 * 1024;
const AT_ONCE = 8;
const saysNothing = new Set(["", "UNKNOWN", "NONE", "ANONYMOUS", "ANONYMIZED"]);

/**
 * The study that a file's name ends in: `{given}_{family}_{36 characters of the patient's UUID}{StudyInstanceUID}.dcm`.
 * The name before it is a person's and goes nowhere.
 */
export function studyOfName(name: string): string | undefined {
  const stem = name.replace(/\.dcm$/i, "");
  const uid = stem.slice(stem.lastIndexOf("_") + 1).slice(36);
  return uid.startsWith("1.") ? uid : undefined;
}

/** Reads the headers of all `.dcm` files under a prefix. A file that cannot be read is counted and passed over. */
export async function readDicomHeaders(
  storage: Storage,
  prefix: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<DicomHeaders> {
  // Later duplicates overwrite earlier ones, so the order of the names decides.
  const keys = new Map<string, { key: string; sizeBytes: number }>();
  let unnamed = 0;
  for await (const { key, sizeBytes } of storage.list(prefix)) {
    if (!/\.dcm$/i.test(key)) continue;
    const uid = studyOfName(key.slice(key.lastIndexOf("/") + 1));
    if (uid) keys.set(uid, { key, sizeBytes });
    else unnamed++;
  }

  const files = [...keys];
  const headers: DicomHeader[] = [];
  let malformed = 0;
  for (let from = 0; from < files.length; from += AT_ONCE) {
    options.signal?.throwIfAborted();
    const read = files
      .slice(from, from + AT_ONCE)
      .map(([uid, { key, sizeBytes }]) => readHeader(storage, key, sizeBytes, uid));
    for (const header of await Promise.all(read)) {
      if (header) headers.push(header);
      else malformed++;
    }
  }
  return { headers, unnamed, malformed };
}

/** Reads from the front, in growing steps, until the tags before the pixels are there. */
async function readHeader(
  storage: Storage,
  key: string,
  sizeBytes: number,
  uid: string,
): Promise<DicomHeader | undefined> {
  for (let length = FIRST_READ_BYTES; ; length *= 4) {
    const bytes = await storage.getRange(key, 0, Math.min(length, sizeBytes));
    const whole = length >= sizeBytes;
    const header = parseHeader(bytes, uid, { whole });
    if (header || whole || length >= LARGEST_READ_BYTES) return header;
  }
}

/** The header in these bytes, or undefined when they are not DICOM or, being only a beginning, end before the pixels. */
export function parseHeader(
  bytes: Uint8Array,
  studyUid: string,
  { whole = true }: { readonly whole?: boolean } = {},
): DicomHeader | undefined {
  try {
    const data = dicomParser.parseDicom(bytes, { untilTag: PIXELS });
    if (!whole && !data.elements[PIXELS]) return undefined;
    return {
      studyUid,
      studyDescription: textOf(data, "x00081030"),
      seriesDescription: textOf(data, "x0008103e"),
      studyDate: dayOf(textOf(data, "x00080020")),
      manufacturer: textOf(data, "x00080070"),
      magneticFieldStrength: numberOf(data, "x00180087"),
      sliceThickness: numberOf(data, "x00180050"),
      rows: data.uint16("x00280010") ?? null,
      columns: data.uint16("x00280011") ?? null,
    };
  } catch {
    return undefined;
  }
}

function textOf(data: DataSet, tag: string): string | null {
  const value = data.string(tag)?.trim() ?? "";
  return saysNothing.has(value.toUpperCase()) ? null : value;
}

function dayOf(text: string | null): string | null {
  return text && /^\d{8}$/.test(text) ? `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}` : text;
}

function numberOf(data: DataSet, tag: string): number | null {
  const value = Number.parseFloat(data.string(tag) ?? "");
  return Number.isFinite(value) ? value : null;
}

/** Puts headers where `parseChunk` reads them. They are few: a study at most one, and most have none. */
export async function writeDicomHeaders(
  connection: DuckDBConnection,
  headers: readonly DicomHeader[],
  path: string,
): Promise<void> {
  await connection.run(`
    create or replace temp table dicom_headers (study_uid varchar, study_description varchar, series_description varchar,
      study_date date, manufacturer varchar, magnetic_field_strength double, slice_thickness_mm double,
      rows integer, columns integer)`);
  for (const header of headers) {
    await connection.run(
      `insert into dicom_headers values ($study, $description, $series, try_cast($day as date), $manufacturer, $field,
         $thickness, $rows, $columns)`,
      {
        study: header.studyUid,
        description: header.studyDescription,
        series: header.seriesDescription,
        day: header.studyDate,
        manufacturer: header.manufacturer,
        field: header.magneticFieldStrength,
        thickness: header.sliceThickness,
        rows: header.rows,
        columns: header.columns,
      },
    );
  }
  await connection.run(`copy dicom_headers to ${quote(path)} (format parquet)`);
  await connection.run("drop table dicom_headers");
}
