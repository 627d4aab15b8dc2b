import { columns, type SilverTable } from "./silver-table.ts";

export const patient: SilverTable = {
  name: "patient",
  key: "patient_id",
  description: "One row per patient.",
  columns: columns({
    patient_id: "string",
    birth_date: ["date", "As written, whatever the offset"],
    gender: "string",
    race: ["string", "US Core race: its text, else the display of its category"],
    ethnicity: ["string", "US Core ethnicity: its text, else the display of its category"],
    state: "string",
    city: "string",
    zip: "string",
    deceased: ["boolean", "Flagged as deceased, or with a time of death"],
    deceased_date: "timestamp",
  }),
  select: `
    select
      coalesce(plain(id), '') as patient_id,
      day_as_written(birthDate) as birth_date,
      plain(gender) as gender,
      us_core(extension, 'us-core-race') as race,
      us_core(extension, 'us-core-ethnicity') as ethnicity,
      first_scalar(address, ['$[0].state', '$.state']) as state,
      first_scalar(address, ['$[0].city', '$.city']) as city,
      first_scalar(address, ['$[0].postalCode', '$.postalCode']) as zip,
      truthy(deceasedBoolean) or deceasedDateTime is not null as deceased,
      utc(deceasedDateTime) as deceased_date,
      source_file, ingest_timestamp, record_order
    from Patient`,
};
