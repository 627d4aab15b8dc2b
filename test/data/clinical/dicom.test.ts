import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import {
  parseHeader,
  readDicomHeaders,
  studyOfName,
  writeDicomHeaders,
} from "../../../data/clinical/dicom.ts";
import { makeDicom } from "../../../data/clinical/generator/dicom-file.ts";
import { randomOf } from "../../../data/clinical/generator/random.ts";
import { openFolder } from "../../../data/storage/folder.ts";
import { parseFiles, test } from "./clinic.ts";
import { fixtureBundle } from "./fixture-patient.ts";

const uid = "1.2.840.99999999.1.2";
const uuid = "0bb5d7ed-8c36-4c4a-9e6a-0f5c1e6f2a10";
const file = () => makeDicom(randomOf(1, 1), uid, "1994-01-15");

test("a file's name ends in its study, glued to the patient's UUID", () => {
  expect(studyOfName(`Zoé1_Brouth2_${uuid}${uid}.DCM`)).toBe(uid);
  expect(studyOfName(`Zoé1_Brouth2_${uuid}.dcm`)).toBeUndefined();
  expect(studyOfName("plain.dcm")).toBeUndefined();
});

test("a header that says UNKNOWN says nothing, and its date is a date", () => {
  expect(parseHeader(file(), uid)).toMatchObject({
    studyUid: uid,
    manufacturer: null,
    studyDescription: null,
    studyDate: "1994-01-15",
    rows: 16,
    columns: 16,
  });
  expect(parseHeader(Buffer.from("garbage"), uid)).toBeUndefined();
  expect(parseHeader(Buffer.alloc(0), uid)).toBeUndefined();
});

test("headers are read from the front of the files, which bad ones do not stop", async ({ lake, dir }) => {
  const folder = join(dir, "dicom");
  await mkdir(folder);
  const large = Buffer.concat([file(), Buffer.alloc(8 * 1024 ** 2)]);
  await writeFile(join(folder, `A_B_${uuid}${uid}.dcm`), large);
  await writeFile(join(folder, `A_B_${uuid}1.2.3.dcm`), "garbage");
  await writeFile(join(folder, `A_B_${uuid}1.2.4.dcm`), "");
  await writeFile(join(folder, "nameless.dcm"), file());
  const source = openFolder(folder);
  let bytesRead = 0;
  const counted = {
    ...source,
    async getRange(key: string, start: number, end?: number) {
      const bytes = await source.getRange(key, start, end);
      bytesRead += bytes.byteLength;
      return bytes;
    },
  };

  const { headers, malformed, unnamed } = await readDicomHeaders(counted, "");

  expect({ read: headers.map((header) => header.studyUid), malformed, unnamed }).toEqual({
    read: [uid],
    malformed: 2,
    unnamed: 1,
  });
  expect(bytesRead).toBeLessThan(64 * 1024);

  const connection = await (await lake.duckdb()).connect();
  const path = join(dir, "headers.parquet");
  await writeDicomHeaders(connection, headers, path);
  connection.closeSync();
  const parsed = await parseFiles(lake, dir, { "one.json": fixtureBundle }, { dicomHeaders: path });
  expect(await parsed.rowsOf("imaging_study")).toMatchObject([
    { modality: "MR", dicom_extracted: true, dicom_binary_id: uid, study_date: "1994-01-15", rows: 16 },
  ]);
});
