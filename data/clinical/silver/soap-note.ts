import { columns, type SilverTable } from "./silver-table.ts";

export const soapNote: SilverTable = {
  name: "soap_note",
  key: "note_id",
  description: "One row per clinical note whose text can be read.",
  columns: columns({
    note_id: "string",
    patient_id: "string",
    encounter_id: "string",
    note_date: "timestamp",
    note_text: "string",
    has_subjective: ["boolean", "Some heading or marker names a subjective section"],
    has_objective: ["boolean", "Synthea's notes have none"],
    has_assessment: "boolean",
    has_plan: "boolean",
    char_count: ["integer", "Unicode code points"],
    word_count: ["integer", "Tokens between white space"],
    binary_id: ["string", "The Binary that held the text, or empty when it was inline"],
  }),
  select: `
    with attached as (
      select *,
        coalesce(content ->> '$[0].attachment.data', content ->> '$.attachment.data') as inline,
        coalesce(scalar_at(content, '$[0].attachment.url'), scalar_at(content, '$.attachment.url')) as url
      from DocumentReference
    ), located as (
      select note.*, bare(note.url) as url_id, inline is null as by_url, coalesce(inline, stored.data) as encoded
      from attached note
      left join (
        select bundle, bare(resource_id) as resource_id, arg_max(data, record_order) as data
        from (
          select bundle, unnest([plain(id), full_url]) as resource_id, record_order,
            coalesce(plain(data), scalar_at(content, '$')) as data
          from "Binary"
        ) where resource_id is not null group by all
      ) stored on stored.bundle = note.bundle and stored.resource_id = bare(note.url)
    ), texts as (
      select *, decoded(encoded) as note_text from located where encoded <> ''
    ), spaced as (
      select *, has_odd_space(note_text) as is_odd from texts where note_text <> ''
    ), labelled as (
      select *, section_labels(note_text, is_odd) as labels from spaced
    )
    select
      coalesce(plain(id), '') as note_id,
      reference_id(subject) as patient_id,
      reference_id(coalesce(context -> '$.encounter', context -> '$[0].encounter')) as encounter_id,
      utc(date) as note_date,
      note_text,
      list_has_any(labels, ['subjective', 'chief complaint', 'history of present illness', 'hpi', 'social history',
        'allergies', 'medications', 'review of systems', 'family history', 'past medical history']) as has_subjective,
      list_has_any(labels, ['objective', 'physical examination', 'physical exam', 'examination', 'vital signs', 'vitals',
        'laboratory', 'labs', 'results', 'diagnostic results']) as has_objective,
      list_has_any(labels, ['assessment', 'impression', 'diagnosis', 'assessment and plan']) as has_assessment,
      list_has_any(labels, ['plan', 'treatment', 'treatment plan', 'assessment and plan']) as has_plan,
      length(note_text)::integer as char_count,
      word_count(note_text, is_odd) as word_count,
      case when by_url then url_id else '' end as binary_id,
      source_file, ingest_timestamp, record_order
    from labelled`,
};
