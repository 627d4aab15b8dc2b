import { makeClaims } from "./claim.ts";
import { makeDicom } from "./dicom-file.ts";
import { writeNote } from "./note.ts";
import { dayMs, newestDay, type Person } from "./person.ts";
import type { Random } from "./random.ts";
import { makeEcg, makeGenome, makeLabs, makeVitals } from "./readings.ts";
import {
  byQuery,
  concept,
  entryOf,
  localTime,
  npi,
  type Resource,
  rxnormConcept,
  studyUid,
  to,
} from "./shapes.ts";
import * as terms from "./vocabulary.ts";

export interface DicomFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** A patient's bundle, entry by entry as text, with the DICOM files it points to. */
export interface History {
  readonly entries: readonly string[];
  readonly dicom: readonly DicomFile[];
}

export interface Density {
  /** Visits of a patient on average. */
  readonly visits: number;
}

interface Problem {
  readonly display: string;
  readonly from: number;
  readonly until: number;
}

/** Lives one patient's years of visits. */
export function makeHistory(random: Random, person: Person, { visits }: Density): History {
  const entries: string[] = [];
  const add: Add = (resource) => entries.push(entryOf(resource));
  const dicom: DicomFile[] = [];
  const problems: Problem[] = [];
  const active: string[] = [];
  add(patientOf(person));

  for (const at of visitTimes(random, person, visits)) {
    const visit = { id: random.uuid(), at, type: random.pick(terms.encounterTypes) };
    add(encounterOf(random, person, visit));
    takeUpProblem(random, person, visit, problems, add);
    prescribe(random, person, visit, visits, active, add);
    const files = [...measure(random, person, visit, add), ...image(random, person, visit, dicom, add)];
    noteOf(random, person, visit, problems, active, files).forEach(add);
    makeClaims(random, visit.id, person.id, visit.type, at).forEach(add);
  }
  return { entries, dicom };
}

/** The visits of at most 45 years, spread over them, in order. */
function visitTimes(random: Random, person: Person, visits: number): number[] {
  const last = Math.min(newestDay, person.death?.getTime() ?? newestDay);
  const first = Math.max(person.birth.getTime() + 20 * dayMs, last - 45 * 365 * dayMs);
  const count = Math.max(1, random.whole(Math.ceil(visits * 0.4), Math.ceil(visits * 1.6)));
  return Array.from({ length: count }, (_, position) => {
    const at = first + ((last - first) * (position + random.next() * 0.8)) / count;
    return Math.floor(at / 1000) * 1000;
  });
}

/** What is done and measured at a visit; gives the files that its note is to name. */
function measure(random: Random, person: Person, visit: Visit, add: Add): string[] {
  const about = { patient: person.id, visit: visit.id, at: visit.at };
  if (random.chance(0.4)) add(procedureOf(random, about));
  if (random.chance(0.14)) makeVitals(random, about).forEach(add);
  if (random.chance(0.18)) makeLabs(random, about).forEach(add);
  if (random.chance(0.01)) makeEcg(random, about).forEach(add);
  if (!random.chance(0.003)) return [];
  makeGenome(random, about).forEach(add);
  return [`./output/dna/${person.given}_${person.family}_dna.csv`];
}

interface Visit {
  readonly id: string;
  readonly at: number;
  readonly type: terms.Term;
}

type Add = (resource: Resource) => void;

function patientOf(person: Person) {
  const usCore = (name: string, [code, display]: readonly [string, string]) => ({
    url: `http://hl7.org/fhir/us/core/StructureDefinition/us-core-${name}`,
    extension: [
      { url: "ombCategory", valueCoding: { system: "urn:oid:2.16.840.1.113883.6.238", code, display } },
      { url: "text", valueString: display },
    ],
  });
  return {
    resourceType: "Patient",
    id: person.id,
    extension: [usCore("race", person.race), usCore("ethnicity", person.ethnicity)],
    name: [{ use: "official", family: person.family, given: [person.given] }],
    gender: person.gender,
    birthDate: person.birth.toISOString().slice(0, 10),
    ...(person.death ? { deceasedDateTime: localTime(person.death.getTime()) } : {}),
    address: [{ city: person.city, state: "MA", postalCode: person.zip, country: "US" }],
  };
}

function encounterOf(random: Random, person: Person, visit: Visit) {
  return {
    resourceType: "Encounter",
    id: visit.id,
    status: "finished",
    class: {
      system: "http://terminology.hl7.org/CodeSystem/v3-ActCode",
      code: visit.type[0] === "50849002" ? "EMER" : "AMB",
    },
    type: [concept(visit.type)],
    subject: to(person.id),
    participant: [{ individual: byQuery("Practitioner", npi, `99999${random.whole(10_000, 99_999)}`) }],
    period: { start: localTime(visit.at), end: localTime(visit.at + 15 * 60_000) },
    ...(random.chance(0.3) ? { reasonCode: [concept(random.pick(terms.diseases))] } : {}),
  };
}

function takeUpProblem(random: Random, person: Person, visit: Visit, problems: Problem[], add: Add): void {
  if (!random.chance(problems.length < 4 ? 0.5 : 0.08)) return;
  const kind = random.next();
  const term = random.pick(kind < 0.35 ? terms.diseases : kind < 0.6 ? terms.chronic : terms.social);
  const until = kind < 0.35 ? visit.at + random.whole(7, 30) * dayMs : Number.POSITIVE_INFINITY;
  if (problems.some((problem) => problem.display === term[1] && problem.until > visit.at)) return;
  problems.push({ display: term[1], from: visit.at, until });
  add({
    resourceType: "Condition",
    id: random.uuid(),
    clinicalStatus: {
      coding: [
        {
          system: "http://terminology.hl7.org/CodeSystem/condition-clinical",
          code: until < Number.POSITIVE_INFINITY ? "resolved" : "active",
        },
      ],
    },
    code: concept(term),
    subject: to(person.id),
    encounter: to(visit.id),
    onsetDateTime: localTime(visit.at),
    ...(until < Number.POSITIVE_INFINITY ? { abatementDateTime: localTime(until) } : {}),
    recordedDate: localTime(visit.at),
  });
}

function prescribe(
  random: Random,
  person: Person,
  visit: Visit,
  visits: number,
  active: string[],
  add: Add,
): void {
  const count = random.chance(0.75) ? random.whole(1, visits > 50 ? 3 : 2) : 0;
  for (let i = 0; i < count; i++) {
    const drug = random.pick(terms.drugs);
    const status = visit.at > newestDay - 3000 * dayMs && random.chance(0.3) ? "active" : "stopped";
    if (status === "active" && !active.includes(drug[1])) active.push(drug[1]);
    add({
      resourceType: "MedicationRequest",
      id: random.uuid(),
      status,
      intent: "order",
      medicationCodeableConcept: rxnormConcept(drug),
      subject: to(person.id),
      encounter: to(visit.id),
      authoredOn: localTime(visit.at),
      requester: byQuery("Practitioner", npi, `99999${random.whole(10_000, 99_999)}`),
      dosageInstruction: [{ sequence: 1, text: "Take as directed.", asNeededBoolean: false }],
    });
  }
}

function procedureOf(random: Random, about: { patient: string; visit: string; at: number }) {
  return {
    resourceType: "Procedure",
    id: random.uuid(),
    status: "completed",
    code: concept(random.pick(terms.procedures)),
    subject: to(about.patient),
    encounter: to(about.visit),
    performedPeriod: { start: localTime(about.at), end: localTime(about.at + 30 * 60_000) },
  };
}

/** An imaging study; some have their DICOM file, whose name ends in the study's UID. */
function image(random: Random, person: Person, visit: Visit, dicom: DicomFile[], add: Add): string[] {
  if (!random.chance(0.026)) return [];
  const [code, display, site, siteDisplay] = random.pick(terms.modalities);
  const uid = studyUid(random);
  const coding = { system: "http://dicom.nema.org/resources/ontology/DCM", code, display };
  add({
    resourceType: "ImagingStudy",
    id: random.uuid(),
    identifier: [{ use: "official", system: "urn:ietf:rfc:3986", value: `urn:oid:${uid}` }],
    status: "available",
    subject: to(person.id),
    encounter: to(visit.id),
    started: localTime(visit.at),
    numberOfSeries: 1,
    numberOfInstances: 1,
    series: [
      {
        uid: `${uid}.1`,
        number: 1,
        modality: coding,
        bodySite: { system: "http://snomed.info/sct", code: site, display: siteDisplay },
        started: localTime(visit.at),
      },
    ],
  });
  if (code !== "MR") return [];
  const name = `${person.given}_${person.family}_${person.id}${uid}.dcm`;
  dicom.push({ name, bytes: makeDicom(random, uid, localTime(visit.at).slice(0, 10)) });
  return [`./output/dicom/${name}`];
}

/** The note twice, as Coherent has it: as a report with the text attached, and as the document that is read. */
function noteOf(
  random: Random,
  person: Person,
  visit: Visit,
  problems: readonly Problem[],
  active: readonly string[],
  files: readonly string[],
) {
  const text = writeNote(person, {
    day: localTime(visit.at).slice(0, 10),
    age: Math.floor((visit.at - person.birth.getTime()) / (365.25 * dayMs)),
    complaint: visit.type[1],
    conditions: problems.filter((problem) => problem.until > visit.at).map((problem) => problem.display),
    drugs: active,
    files,
  });
  const data = Buffer.from(text).toString("base64");
  const type = {
    coding: [{ system: "http://loinc.org", code: "34117-2", display: "History and physical note" }],
  };
  const report = {
    resourceType: "DiagnosticReport",
    id: random.uuid(),
    status: "final",
    category: [type],
    code: type,
    subject: to(person.id),
    encounter: to(visit.id),
    effectiveDateTime: localTime(visit.at),
    presentedForm: [{ contentType: "text/plain", data }],
  };
  const document = {
    resourceType: "DocumentReference",
    id: random.uuid(),
    status: "superseded",
    type,
    subject: to(person.id),
    date: localTime(visit.at),
    author: [byQuery("Practitioner", npi, "9999999799")],
    content: [{ attachment: { contentType: "text/plain", data } }],
    context: {
      encounter: [to(visit.id)],
      period: { start: localTime(visit.at), end: localTime(visit.at + 900_000) },
    },
  };
  return [report, document];
}
