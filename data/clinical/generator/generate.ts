import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeDefects } from "./defects.ts";
import { makeHistory } from "./history.ts";
import { makePerson } from "./person.ts";
import { randomOf } from "./random.ts";
import { bundleOf } from "./shapes.ts";

export interface GenerateOptions {
  readonly patients: number;
  readonly seed: number;
  /** Receives `fhir/` and `dicom/`. */
  readonly outDir: string;
  /** Visits of a patient on average; Coherent has 112. */
  readonly visits?: number;
  /** Adds one file of every kind of bad input. */
  readonly defects?: boolean;
  readonly signal?: AbortSignal;
  onProgress?(done: number, total: number): void;
}

export interface Generated {
  readonly bundles: number;
  readonly bytes: number;
  readonly dicomFiles: number;
  /** Files that a reader is to put aside. */
  readonly unreadable: number;
}

/** Writes bundles in the manner of Synthea Coherent, the same for the same seed wherever and whenever. */
export async function generateClinical(options: GenerateOptions): Promise<Generated> {
  const { patients, seed, outDir, visits = 112 } = options;
  const fhir = join(outDir, "fhir");
  const dicom = join(outDir, "dicom");
  await mkdir(fhir, { recursive: true });
  await mkdir(dicom, { recursive: true });

  let bytes = 0;
  let dicomFiles = 0;
  const write = async (name: string, content: string | Buffer) => {
    bytes += Buffer.byteLength(content);
    await writeFile(join(fhir, name), content);
  };
  for (let i = 0; i < patients; i++) {
    options.signal?.throwIfAborted();
    const random = randomOf(seed, i);
    const person = makePerson(random);
    const history = makeHistory(random, person, { visits });
    await write(`${person.given}_${person.family}_${person.id}.json`, bundleOf(history.entries));
    for (const { name, bytes: header } of history.dicom) await writeFile(join(dicom, name), header);
    dicomFiles += history.dicom.length;
    options.onProgress?.(i + 1, patients);
  }
  await write("organizations.json", bundleOf(referenceEntries(seed, "Organization")));
  await write("practitioners.json", bundleOf(referenceEntries(seed, "Practitioner")));
  const defects = options.defects ? makeDefects(seed) : [];
  for (const { name, content } of defects) await write(name, content);
  return {
    bundles: patients + 2 + defects.length,
    bytes,
    dicomFiles,
    unreadable: defects.filter((defect) => defect.reason !== undefined).length,
  };
}

function referenceEntries(seed: number, resourceType: string): string[] {
  const random = randomOf(seed, -1);
  return Array.from({ length: 40 }, () => {
    const id = random.uuid();
    return JSON.stringify({ fullUrl: `urn:uuid:${id}`, resource: { resourceType, id, active: true } });
  });
}
