/**
 * What a field of a resource is expected to be: a scalar; free text, which may look like JSON and is kept quoted
 * until read; an object or list of them. Dates and instants are scalars that can be wrong in ways of their own.
 */
type Shape = "scalar" | "date" | "instant" | "whole" | "text" | "nested";

/** The fields that Silver reads of any resource; the others are never taken out of a bundle. */
export const resourceFields = {
  id: "scalar",
  status: "scalar",
  intent: "scalar",
  gender: "scalar",
  deceasedBoolean: "scalar",
  data: "scalar",
  birthDate: "date",
  deceasedDateTime: "instant",
  onsetDateTime: "instant",
  abatementDateTime: "instant",
  recordedDate: "instant",
  effectiveDateTime: "instant",
  authoredOn: "instant",
  createdDateTime: "instant",
  date: "instant",
  started: "instant",
  numberOfSeries: "whole",
  numberOfInstances: "whole",
  valueString: "text",
  conclusion: "text",
  subject: "nested",
  encounter: "nested",
  code: "nested",
  category: "nested",
  type: "nested",
  class: "nested",
  period: "nested",
  participant: "nested",
  reasonCode: "nested",
  clinicalStatus: "nested",
  valueQuantity: "nested",
  valueCodeableConcept: "nested",
  valueSampledData: "nested",
  component: "nested",
  medicationCodeableConcept: "nested",
  medicationReference: "nested",
  contained: "nested",
  dosageInstruction: "nested",
  performedPeriod: "nested",
  content: "nested",
  context: "nested",
  result: "nested",
  presentedForm: "nested",
  extension: "nested",
  address: "nested",
  identifier: "nested",
  series: "nested",
  modality: "nested",
  view: "nested",
} as const satisfies Record<string, Shape>;

export type FieldName = keyof typeof resourceFields;

/** The resource types that some table of Silver is made from; entries of other types are passed over. */
export const resourceTypes = [
  "Patient",
  "Encounter",
  "Condition",
  "Observation",
  "MedicationRequest",
  "Medication",
  "Procedure",
  "DocumentReference",
  "Binary",
  "ImagingStudy",
  "DiagnosticReport",
  "Media",
] as const;

/** What DuckDB is to take out of a resource, for `from_json`. */
export const resourceStructure = {
  resourceType: "VARCHAR",
  ...Object.fromEntries(
    Object.entries(resourceFields).map(([name, shape]) => [
      name,
      shape === "nested" || shape === "text" ? "JSON" : "VARCHAR",
    ]),
  ),
};

/** SQL that is true where a field is there but not as expected, so that it becomes null or empty. */
function isOdd(field: FieldName): string {
  const column = `"${field}"`;
  const isTree = `is_tree(${column})`;
  switch (resourceFields[field]) {
    case "scalar":
    case "text":
      return isTree;
    case "date":
      return `${column} is not null and day_as_written(${column}) is null`;
    case "instant":
      return `${column} is not null and utc(${column}) is null`;
    case "whole":
      return `${column} is not null and whole(${column}) is null`;
    case "nested":
      return `not ${isTree}${field === "content" ? ` and "resourceType" <> 'Binary'` : ""}`;
  }
}

/** SQL that is true where a tree has a scalar at a path of which no value can be made. CASE looks twice at those only. */
function isUnread(field: FieldName, path: string, value: string): string {
  const text = `scalar_at("${field}", '${path}')`;
  return `case when ${value}(${text}) is null then ${text} is not null else false end`;
}

/** Where an oddity is looked for, and what it looks like: every field, and what Silver reads inside of some. */
export const oddSpots: Readonly<Record<string, string>> = {
  ...Object.fromEntries((Object.keys(resourceFields) as FieldName[]).map((field) => [field, isOdd(field)])),
  "period.start": isUnread("period", "$.start", "utc"),
  "period.end": isUnread("period", "$.end", "utc"),
  "performedPeriod.start": isUnread("performedPeriod", "$.start", "utc"),
  "performedPeriod.end": isUnread("performedPeriod", "$.end", "utc"),
  "valueQuantity.value": isUnread("valueQuantity", "$.value", "number"),
};
