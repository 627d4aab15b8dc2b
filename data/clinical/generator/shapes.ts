import type { Random } from "./random.ts";
import type { Term } from "./vocabulary.ts";

/** Synthea's ways of writing FHIR: local times with an offset, references by UUID or by a query. */

export function localTime(instant: number): string {
  const date = new Date(instant);
  const summer = date.getUTCMonth() > 2 && date.getUTCMonth() < 10;
  const shifted = new Date(instant - (summer ? 4 : 5) * 3_600_000).toISOString();
  return `${shifted.slice(0, 19)}${summer ? "-04:00" : "-05:00"}`;
}

export function to(id: string): { reference: string } {
  return { reference: `urn:uuid:${id}` };
}

export function byQuery(kind: string, system: string, value: string): { reference: string } {
  return { reference: `${kind}?identifier=${system}|${value}` };
}

export const npi = "http://hl7.org/fhir/sid/us-npi";
const snomed = "http://snomed.info/sct";
const loinc = "http://loinc.org";
const rxnorm = "http://www.nlm.nih.gov/research/umls/rxnorm";

export function concept([code, display]: Term, system = snomed): object {
  return { coding: [{ system, code, display }], text: display };
}

export function loincConcept(term: Term): object {
  return concept(term, loinc);
}

export function rxnormConcept(term: Term): object {
  return concept(term, rxnorm);
}

export function category(code: string): object[] {
  const system = "http://terminology.hl7.org/CodeSystem/observation-category";
  return [{ coding: [{ system, code, display: code }] }];
}

export interface Resource {
  readonly resourceType: string;
  readonly id: string;
  readonly [field: string]: unknown;
}

/** One entry of a transaction bundle. */
export function entryOf(resource: Resource): string {
  const request = { method: "POST", url: resource.resourceType };
  return JSON.stringify({ fullUrl: `urn:uuid:${resource.id}`, resource, request });
}

export function studyUid(random: Random): string {
  return `1.2.840.99999999.${random.whole(10_000_000, 99_999_999)}.${random.whole(100_000, 999_999)}${random.whole(100_000, 999_999)}`;
}

export function bundleOf(entries: readonly string[]): string {
  return `{"resourceType":"Bundle","type":"transaction","entry":[${entries.join(",")}]}`;
}
