import type { Column, DeltaType, StructType } from "../../delta/table.ts";

export const contractVersion = "1.2.0";
export const goldName = "gold.encounter_summary";
export const goldKey = "encounter_id";
/** What a build writes about itself; it does not make a row different. */
export const goldProvenance = ["created_timestamp", "silver_versions"] as const;

/** The fields that consumers may count on; all others are optional. */
export const requiredFields = [
  "summary_id",
  "patient_id",
  "encounter_id",
  "patient_age",
  "patient_gender",
  "encounter_type",
  "encounter_date",
  "active_conditions",
  "active_medications",
] as const;

const strings = { type: "array", elementType: "string", containsNull: true } as const;

function struct(fields: Readonly<Record<string, DeltaType>>): StructType {
  return {
    type: "struct",
    fields: Object.entries(fields).map(([name, type]) => ({ name, type, nullable: true })),
  };
}

type Fields = Readonly<Record<string, readonly [DeltaType, string]>>;

/** The 22 columns that every version of the contract has, in its order. */
const contract = {
  summary_id: ["string", "UUIDv5 of the encounter, the same in every build"],
  patient_id: ["string", "Patient of the encounter"],
  encounter_id: ["string", "Primary key"],
  patient_age: ["integer", "Whole years at the visit, by anniversary"],
  patient_gender: ["string", "Gender of the patient"],
  encounter_type: ["string", "What kind of visit it was"],
  encounter_date: ["date", "UTC calendar date of the visit's start"],
  active_conditions: [strings, "The problem list as of the visit, sorted"],
  active_medications: [strings, "Active prescriptions begun by the visit, sorted"],
  recent_vitals: [
    struct({
      heart_rate: "double",
      bp_systolic: "double",
      bp_diastolic: "double",
      temperature: "double",
      o2_saturation: "double",
    }),
    "Latest of each vital sign at the visit",
  ],
  recent_labs: [
    {
      type: "array",
      elementType: struct({ name: "string", value: "double", unit: "string" }),
      containsNull: true,
    },
    "Laboratory results of the visit",
  ],
  procedures: [strings, "What was done at the visit, sorted"],
  soap_note_text: ["string", "Latest note of the visit"],
  soap_note_id: ["string", "Id of that note"],
  ecg_finding: ["string", "Conclusion of the latest electrocardiogram"],
  ecg_rhythm: ["string", "Its rhythm"],
  has_ecg: ["boolean", "Any electrocardiogram at the visit"],
  imaging: [
    struct({
      has_imaging: "boolean",
      modality: "string",
      body_site_display: "string",
      study_description: "string",
      study_date: "date",
      series_count: "integer",
      dicom_binary_id: "string",
    }),
    "Latest imaging study of the visit",
  ],
  has_genomics: ["boolean", "Any genomic report at the visit"],
  genomic_summary: ["string", "Summary of the latest genomic report"],
  created_timestamp: ["timestamp", "Instant of the build that wrote the row"],
  silver_versions: [
    struct({
      patient: "long",
      encounter: "long",
      condition: "long",
      observation: "long",
      medication_request: "long",
      procedure: "long",
      soap_note: "long",
      ecg_metadata: "long",
      imaging_study: "long",
      genomic_report: "long",
    }),
    "Version of each Silver table that the row was made from",
  ],
} as const satisfies Fields;

/** What version 1.2.0 of the contract added. A list of codes goes with a list of names, place by place. */
const additions = {
  encounter_type_code: ["string", "Code of encounter_type"],
  active_condition_codes: [strings, "Codes of active_conditions, place by place"],
  active_medication_codes: [strings, "Codes of active_medications, place by place"],
  procedure_codes: [strings, "Codes of procedures, place by place"],
  recent_lab_codes: [strings, "Codes of recent_labs, place by place"],
  recent_lab_strings: [
    {
      type: "array",
      elementType: struct({ name: "string", code: "string", value: "string" }),
      containsNull: true,
    },
    "Laboratory results of the visit that are words",
  ],
  imaging_body_site_code: ["string", "Code of the imaging study's body site"],
  data_limitation: ["string", "What the latest genomic report must not be taken for"],
} as const satisfies Fields;

const fields: Fields = { ...contract, ...additions };

export const goldColumns: readonly Column[] = Object.entries(fields).map(([name, [type, comment]]) => ({
  name,
  type,
  nullable: true,
  comment,
}));
