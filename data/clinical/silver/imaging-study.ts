import { columns, type SilverTable } from "./silver-table.ts";

export const imagingStudy: SilverTable = {
  name: "imaging_study",
  key: "study_id",
  description: "One row per imaging study, with the header of its DICOM file where there is one.",
  columns: columns({
    study_id: "string",
    patient_id: "string",
    encounter_id: "string",
    started_date: "timestamp",
    status: "string",
    modality: ["string", "Of the first series, always FHIR's"],
    body_site: "string",
    body_site_display: "string",
    series_count: "integer",
    instance_count: "integer",
    study_description: ["string", "DICOM"],
    series_description: ["string", "DICOM"],
    study_date: ["date", "DICOM"],
    manufacturer: ["string", "DICOM"],
    magnetic_field_strength: ["double", "DICOM"],
    slice_thickness_mm: ["double", "DICOM"],
    rows: ["integer", "DICOM"],
    columns: ["integer", "DICOM"],
    dicom_binary_id: ["string", "StudyInstanceUID of the header that was read"],
    dicom_extracted: ["boolean", "A DICOM header was read"],
  }),
  select: `
    select
      coalesce(plain(id), '') as study_id,
      reference_id(subject) as patient_id,
      reference_id(encounter) as encounter_id,
      utc(started) as started_date,
      plain(status) as status,
      coding_code(first_series -> '$.modality') as modality,
      coding_code(first_series -> '$.bodySite') as body_site,
      coding_display(first_series -> '$.bodySite') as body_site_display,
      whole(plain(numberOfSeries)) as series_count,
      whole(plain(numberOfInstances)) as instance_count,
      header.study_description, header.series_description, header.study_date, header.manufacturer,
      header.magnetic_field_strength, header.slice_thickness_mm, header.rows, header.columns,
      header.study_uid as dicom_binary_id,
      header.study_uid is not null as dicom_extracted,
      source_file, ingest_timestamp, record_order
    from (
      select *, as_list(series)[1] as first_series,
        substr(list_filter(list_transform(as_list(identifier), lambda i: scalar_at(i, '$.value')),
          lambda v: starts_with(v, 'urn:oid:'))[1], 9) as uid
      from ImagingStudy
    ) study
    left join dicom_header header on header.study_uid = study.uid and study.uid <> ''`,
};
