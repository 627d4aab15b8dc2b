import type { Door } from "./door.ts";
import { api } from "./doors/api.ts";
import { bundles, ndjson } from "./doors/bundles.ts";
import { events } from "./doors/events.ts";
import { csv, dicom, indexFiles } from "./doors/files.ts";
import { logs, sql } from "./doors/tables.ts";

export const doors: readonly Door[] = [bundles, ndjson, csv, dicom, events, api, sql, logs, indexFiles];
