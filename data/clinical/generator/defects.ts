import { gzipSync } from "node:zlib";
import type { QuarantineReason } from "../bundle-file.ts";
import { randomOf } from "./random.ts";
import { bundleOf, entryOf, to } from "./shapes.ts";

/** A bad input: put aside for a reason, or read with what is wrong in it left out. */
export interface Defect {
  readonly name: string;
  readonly content: string | Buffer;
  readonly reason?: QuarantineReason;
}

/** One file of every kind of bad input that a reader must survive. */
export function makeDefects(seed: number): Defect[] {
  const random = randomOf(seed, -2);
  const patient = () => ({
    resourceType: "Patient",
    id: random.uuid(),
    gender: "female",
    birthDate: "1970-01-02",
  });
  const good = () => bundleOf([entryOf(patient())]);
  const withNumber = (value: string) =>
    good().replace('"gender"', () => `"multipleBirthInteger":${value},"gender"`);
  return [
    { name: "defect-truncated.json", content: good().slice(0, -40), reason: "not_json" },
    { name: "defect-text.json", content: "not a bundle at all", reason: "not_json" },
    { name: "defect-empty.json", content: "", reason: "not_json" },
    { name: "defect-two-documents.json", content: `${good()}\n${good()}`, reason: "not_json" },
    { name: "defect-comment.json", content: `// exported\n${good()}`, reason: "not_json" },
    { name: "defect-nan.json", content: withNumber("NaN"), reason: "not_json" },
    { name: "defect-infinity.json", content: withNumber("-Infinity"), reason: "not_json" },
    { name: "defect-nul.json", content: good().replace("female", "fe\0male"), reason: "not_json" },
    { name: "defect-patient.json", content: JSON.stringify(patient()), reason: "not_bundle" },
    { name: "defect-list.json", content: `[${good()}]`, reason: "not_bundle" },
    {
      name: "defect-utf8.json",
      content: Buffer.concat([
        Buffer.from(good().slice(0, -2)),
        Buffer.from([0xff, 0xfe]),
        Buffer.from("]}"),
      ]),
      reason: "invalid_utf8",
    },
    { name: "defect-gzip.json", content: gzipSync(good()), reason: "gzip_bytes" },
    { name: "defect-broken.json.gz", content: gzipSync(good()).subarray(0, 60), reason: "bad_gzip" },
    { name: "odd-packed.json.gz", content: gzipSync(good()) },
    { name: "odd-byte-order-mark.json", content: `\uFEFF${good()}` },
    { name: "odd-shapes.json", content: bundleOf(oddShapes(random.uuid())) },
    { name: "odd-notes.json", content: bundleOf(oddNotes(random.uuid())) },
    { name: "odd-single-entry.json", content: good().replace(/"entry":\[(.*)\]\}$/s, '"entry":$1}') },
    {
      name: "odd-lines.ndjson",
      content: `${JSON.stringify(patient())}\n${JSON.stringify(patient())}\n{"resourceType":"Pat\n`,
    },
  ];
}

/** Fields in other shapes than FHIR gives them, times that cannot be, numbers given as text. */
function oddShapes(id: string): string[] {
  const visit = `${id.slice(0, -1)}0`;
  const observation = (number: number, fields: object) =>
    entryOf({
      resourceType: "Observation",
      id: `${id.slice(0, -2)}${10 + number}`,
      subject: to(id),
      encounter: to(visit),
      code: { text: "Odd" },
      ...fields,
    });
  return [
    entryOf({ resourceType: "Patient", id, gender: { code: "female" }, birthDate: "1980-07" }),
    entryOf({
      resourceType: "Encounter",
      id: visit,
      subject: to(id),
      class: "ambulatory",
      period: { start: "2021-02-29T10:00:00Z", end: "2021-03-01T24:00:00Z" },
    }),
    observation(1, { category: "vital-signs", valueQuantity: { value: "12.5", unit: "mg" } }),
    observation(2, { category: { coding: [{ code: "laboratory" }] }, valueQuantity: { value: "much" } }),
    observation(3, { code: "8867-4", valueQuantity: 72, effectiveDateTime: "1980" }),
    observation(4, { component: { code: { text: "Part" }, valueQuantity: { value: 1 } } }),
    JSON.stringify({ fullUrl: "urn:uuid:nothing" }),
    JSON.stringify({ resource: { id: "typeless" } }),
    "null",
    "17",
  ];
}

function oddNotes(id: string): string[] {
  const note = (number: number, attachment: object) =>
    entryOf({
      resourceType: "DocumentReference",
      id: `${id.slice(0, -2)}${10 + number}`,
      subject: to(id),
      content: [{ attachment }],
    });
  const text = Buffer.from("Subjective: well\nPlan: rest").toString("base64");
  return [
    entryOf({ resourceType: "Patient", id, gender: "male" }),
    note(1, { data: "!!!!" }),
    note(2, { data: "" }),
    note(3, { data: Buffer.from([0xff, 0xff, 0xff]).toString("base64") }),
    note(4, { url: "urn:uuid:missing" }),
    note(5, { data: `${text.slice(0, 8)}\n ${text.slice(8)}` }),
  ];
}
