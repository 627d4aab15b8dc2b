import type { SilverName } from "../silver/silver-table.ts";

/** What a table is held to. A rule's columns that the table lacks are passed over. */
export interface TableRules {
  readonly minRows: number;
  readonly nonNull: readonly string[];
  readonly unique: string;
  /** Notes below this many characters may be at most this share. */
  readonly shortNotes?: { readonly below: number; readonly share: number };
  /** At least this share of notes has all of these flags. */
  readonly sections?: { readonly flags: readonly string[]; readonly share: number };
  readonly range?: { readonly column: string; readonly low: number; readonly high: number };
  /** Beyond the contract. */
  readonly references?: Readonly<Record<string, SilverName>>;
  readonly plausible?: Readonly<Record<string, string>>;
}

const patientOf = { patient_id: "patient" } as const;
const visitOf = { patient_id: "patient", encounter_id: "encounter" } as const;

/** The rules by table, in the order of the tables. */
export const rules: Readonly<Record<SilverName, TableRules>> = {
  patient: {
    minRows: 100,
    nonNull: ["patient_id", "gender"],
    unique: "patient_id",
    plausible: {
      no_future_birth: "birth_date <= ingest_timestamp::date",
      age_0_to_130:
        "date_diff('year', birth_date, coalesce(deceased_date, ingest_timestamp)::date) between 0 and 130",
    },
  },
  encounter: {
    minRows: 100,
    nonNull: ["encounter_id", "patient_id"],
    unique: "encounter_id",
    references: patientOf,
    plausible: {
      ends_after_start: "end_date >= start_date",
      no_future_visit: "start_date <= ingest_timestamp",
    },
  },
  condition: {
    minRows: 50,
    nonNull: ["condition_id", "patient_id", "code"],
    unique: "condition_id",
    references: visitOf,
    plausible: { abates_after_onset: "abatement_date >= onset_date" },
  },
  observation: {
    minRows: 100,
    nonNull: ["observation_id", "patient_id", "code"],
    unique: "observation_id",
    references: visitOf,
    plausible: { no_future_value: "effective_date <= ingest_timestamp" },
  },
  medication_request: {
    minRows: 0,
    nonNull: ["medication_request_id", "patient_id"],
    unique: "medication_request_id",
    references: visitOf,
  },
  procedure: {
    minRows: 0,
    nonNull: ["procedure_id", "patient_id"],
    unique: "procedure_id",
    references: visitOf,
    plausible: { ends_after_start: "performed_end >= performed_start" },
  },
  soap_note: {
    minRows: 50,
    nonNull: ["note_id", "patient_id", "note_text"],
    unique: "note_id",
    shortNotes: { below: 100, share: 0.2 },
    sections: { flags: ["has_subjective", "has_assessment", "has_plan"], share: 0.8 },
    references: visitOf,
    plausible: { length_to_50000: "char_count <= 50000" },
  },
  ecg_metadata: {
    minRows: 0,
    nonNull: ["ecg_id", "patient_id"],
    unique: "ecg_id",
    range: { column: "heart_rate_bpm", low: 30, high: 250 },
    references: visitOf,
  },
  imaging_study: {
    minRows: 0,
    nonNull: ["study_id", "patient_id"],
    unique: "study_id",
    references: visitOf,
  },
  genomic_report: {
    minRows: 0,
    nonNull: ["report_id", "patient_id", "data_limitation"],
    unique: "report_id",
    references: visitOf,
  },
};
