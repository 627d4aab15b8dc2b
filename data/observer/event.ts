import { z } from "zod";

/** What an event may hold. Bounds are on characters, so that no event is larger than a page of text. */
export const eventLimits = {
  lineChars: 32_768,
  attributesChars: 8_192,
  configChars: 4_096,
  events: 5_000,
  bodyBytes: 16 * 1024 * 1024,
  /** Years that a clock may believe in; DuckDB and Delta read them all. */
  firstMs: Date.UTC(1970, 0, 1),
  lastMs: Date.UTC(2200, 0, 1),
} as const;

const word = z.string().min(1).max(128);
const place = z.string().min(1).max(100);
const summary = z.string().max(2_000);
const whole = z.int().min(0).max(1_000_000_000);

/** One outcome of one operation, as a program reports it. */
export type ObserverEvent = z.infer<typeof ObserverEvent>;
export const ObserverEvent = z
  .strictObject({
    id: word.optional().describe("Names the event: sent again it changes nothing. Given one when left out"),
    timestamp: z
      .union([z.iso.datetime({ offset: true }), z.number().min(eventLimits.firstMs).max(eventLimits.lastMs)])
      .optional()
      .describe("When it happened, ISO 8601 or milliseconds; when it came, if left out"),
    source: word.describe("The program that tells: jobs, scenario, mcp, …"),
    event_kind: word.describe("What was done, as `fill` or a kind of job"),
    success: z.boolean().describe("Whether it did what it was to do"),
    endpoint: z.string().max(200).optional().describe("What was called to do it"),
    duration_ms: z.number().min(0).max(1e12).optional().describe("How long it took"),
    input_summary: summary.optional().describe("What it was given, in a few words and without names"),
    output_summary: summary.optional().describe("What came of it, in a few words and without names"),
    error: z.string().max(4_000).optional().describe("Why it failed; failures are grouped by this message"),
    staffer_id: word.optional().describe("Who acted"),
    run_id: word.optional().describe("The run it is part of; findings are counted over distinct runs"),
    sig_hash: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional()
      .describe("SHA-256 of the signature; made of event_kind, role, count, city and state if left out"),
    role: place.optional().describe("The role that was to be filled"),
    city: place.optional().describe("Where"),
    state: place.optional().describe("In which state"),
    count: whole.optional().describe("How many were asked for"),
    filled: whole.optional().describe("How many of them were found"),
    turns: whole.optional().describe("How often it went back and forth"),
    citations: whole.optional().describe("How many sources it named"),
    rescue_attempted: z.boolean().optional().describe("Whether another way was tried when the first failed"),
    rescue_succeeded: z.boolean().optional().describe("Whether that way led there"),
    config: z.record(z.string(), z.unknown()).optional().describe("The settings it ran under: models, tools"),
    recalled: z
      .array(word)
      .max(20)
      .optional()
      .describe("The playbooks and recommendations it followed; such a success is no evidence for them"),
    attributes: z.record(z.string(), z.unknown()).optional().describe("Whatever else, at most 8 KB of JSON"),
  })
  .meta({ id: "ObserverEvent" });

/** Why a line was refused; `line` counts from 1. */
export interface RejectedLine {
  readonly line: number;
  readonly message: string;
}

/** An event as a line of a batch file: the columns of the table that its sender decides. */
export interface EventLine {
  readonly id: string;
  readonly text: string;
}

/** The line of a checked event, which is not to be used after; or why it cannot be kept. */
export function lineOf(event: ObserverEvent, id: string): EventLine | string {
  const { timestamp, config, attributes, recalled } = event;
  const attributesText = attributes && JSON.stringify(attributes);
  const configText = config && canonical(config);
  if (attributesText !== undefined && attributesText.length > eventLimits.attributesChars)
    return `attributes have ${attributesText.length} characters and may have ${eventLimits.attributesChars}`;
  if (configText !== undefined && configText.length > eventLimits.configChars)
    return `config has ${configText.length} characters and may have ${eventLimits.configChars}`;
  // Fifty thousand a second go through here: the checked copy itself becomes the line, and only fields it has are set.
  const line: Record<string, unknown> = event;
  line.id = id;
  if (timestamp !== undefined)
    line.timestamp = typeof timestamp === "string" ? Date.parse(timestamp) : Math.round(timestamp);
  if (configText !== undefined) line.config = configText;
  if (recalled !== undefined) line.recalled = JSON.stringify(recalled);
  if (attributesText !== undefined) line.attributes = attributesText;
  const text = JSON.stringify(line);
  // JSON may say these, but no text column can hold them.
  if (text.includes("\\u") && /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/i.test(unfold(text)))
    return "a text holds a NUL or half of a surrogate pair";
  return { id, text };
}

/** Within the texts of `config` and `attributes` JSON is escaped once more. */
function unfold(text: string): string {
  return text.replaceAll("\\\\u", "\\u");
}

const CANONICAL_MOST = 1_000;
const canonicals = new Map<string, string>();

/** The same settings in another order are the same settings. Few are in use at a time. */
function canonical(config: Record<string, unknown>): string {
  const text = JSON.stringify(config);
  const known = canonicals.get(text);
  if (known !== undefined) return known;
  if (canonicals.size >= CANONICAL_MOST) canonicals.clear();
  const made = JSON.stringify(sorted(config));
  canonicals.set(text, made);
  return made;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
