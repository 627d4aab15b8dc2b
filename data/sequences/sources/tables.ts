/** How a field's text becomes a value; see `fieldSql`. */
export type FieldKind = "id" | "integer" | "text" | "timestamp" | "date" | "double";

export interface SourceTable {
  readonly name: string;
  /** What one row is, for the report and the message that names what is missing. */
  readonly description: string;
  /** A source that the pipeline cannot do without. */
  readonly required: boolean;
  /** Without these there is no reading the file. */
  readonly columns: Readonly<Record<string, FieldKind>>;
  /** Kept when the file has them: releases differ. */
  readonly extra: Readonly<Record<string, FieldKind>>;
  /** What a bad row does unless the caller says otherwise: nothing after it counts, or it is left out and listed. */
  readonly onBadRow: "fail" | "skip";
  /** Must differ on every row. */
  readonly unique?: string;
}

/** The files of a MIMIC-IV release that are read, of all that are in it. */
export const sourceTables: readonly SourceTable[] = [
  {
    name: "admissions",
    description: "one hospital stay",
    required: true,
    columns: { subject_id: "id", hadm_id: "id", admittime: "timestamp", dischtime: "timestamp" },
    extra: {
      deathtime: "timestamp",
      admission_type: "text",
      admit_provider_id: "text",
      admission_location: "text",
      discharge_location: "text",
      insurance: "text",
      language: "text",
      marital_status: "text",
      race: "text",
      edregtime: "timestamp",
      edouttime: "timestamp",
      hospital_expire_flag: "integer",
    },
    onBadRow: "fail",
    unique: "hadm_id",
  },
  {
    name: "diagnoses_icd",
    description: "one billing diagnosis of a stay",
    required: true,
    columns: {
      subject_id: "id",
      hadm_id: "id",
      seq_num: "integer",
      icd_code: "text",
      icd_version: "integer",
    },
    extra: {},
    onBadRow: "fail",
  },
  {
    name: "procedures_icd",
    description: "one billing procedure of a stay",
    required: true,
    columns: {
      subject_id: "id",
      hadm_id: "id",
      seq_num: "integer",
      chartdate: "date",
      icd_code: "text",
      icd_version: "integer",
    },
    extra: {},
    onBadRow: "fail",
  },
  {
    name: "prescriptions",
    description: "one drug of an order",
    required: true,
    columns: {
      subject_id: "id",
      hadm_id: "id",
      pharmacy_id: "id",
      starttime: "timestamp",
      drug_type: "text",
      drug: "text",
    },
    extra: {},
    onBadRow: "skip",
  },
  {
    name: "labevents",
    description: "one laboratory result",
    required: true,
    columns: {
      labevent_id: "id",
      subject_id: "id",
      hadm_id: "id",
      itemid: "id",
      charttime: "timestamp",
      valuenum: "double",
    },
    extra: { storetime: "timestamp", valueuom: "text" },
    onBadRow: "skip",
    unique: "labevent_id",
  },
  {
    name: "patients",
    description: "one subject",
    required: false,
    columns: { subject_id: "id" },
    extra: {
      gender: "text",
      anchor_age: "integer",
      anchor_year: "integer",
      anchor_year_group: "text",
      dod: "date",
    },
    onBadRow: "fail",
    unique: "subject_id",
  },
  {
    name: "omr",
    description: "one measurement of a subject on a day, such as the body mass index",
    required: false,
    columns: {
      subject_id: "id",
      chartdate: "date",
      seq_num: "integer",
      result_name: "text",
      result_value: "text",
    },
    extra: {},
    onBadRow: "fail",
  },
  {
    name: "drgcodes",
    description: "one diagnosis-related group of a stay",
    required: false,
    columns: { subject_id: "id", hadm_id: "id", drg_type: "text", drg_code: "text" },
    extra: { description: "text", drg_severity: "integer", drg_mortality: "integer" },
    onBadRow: "fail",
  },
  {
    name: "d_labitems",
    description: "what a laboratory item is",
    required: false,
    columns: { itemid: "id", label: "text" },
    extra: { fluid: "text", category: "text" },
    onBadRow: "fail",
  },
  {
    name: "d_icd_diagnoses",
    description: "what a diagnosis code means",
    required: false,
    columns: { icd_code: "text", icd_version: "integer", long_title: "text" },
    extra: {},
    onBadRow: "fail",
  },
];
