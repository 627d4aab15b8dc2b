import { z } from "zod";
import { eventLimits, ObserverEvent } from "../../data/observer/event.ts";
import { inboxOf } from "../../data/observer/inbox.ts";
import { type ReadEvents, readEventLines, readEventValues } from "../../data/observer/read-events.ts";
import { Nudge } from "../../queues/nudge.ts";
import type { Queues } from "../../queues/queues.ts";
import { observerAppend } from "../../workers/observer/observer-append/job.ts";
import { defineRoute } from "../define-route.ts";
import { Problem } from "../problem.ts";
import { BodyText } from "../read-body.ts";
import { invalid } from "../validate.ts";

const NDJSON = "application/x-ndjson";
const TOLD_MOST = 100;
/** Bodies are text before they are events: so many characters of them may be in work at a time. */
const READ_AT_ONCE = 128 * 1024 ** 2;

const Rejected = z
  .strictObject({ line: z.int().describe("From 1; in a list, the place in it"), message: z.string() })
  .meta({ id: "RejectedEvent" });

export const sendObserverEvents = defineRoute({
  summary: "Tell the observer what happened",
  description:
    "One event, a list of up to 5,000, or one a line (application/x-ndjson). Good events are durable when the reply comes and soon in the table observer.events; bad ones are named by line and keep nothing back. An id that is known changes nothing. Answered while Redis is away, too. 429 says when to try again.",
  method: "post",
  path: "/observer/events",
  role: "operate",
  body: BodyText,
  takesText: {
    types: ["application/json", NDJSON],
    schema: z.union([ObserverEvent, z.array(ObserverEvent).min(1).max(eventLimits.events)]),
  },
  maxBodyBytes: eventLimits.bodyBytes,
  withoutRedis: true,
  status: 202,
  reply: z
    .strictObject({
      accepted: z.int(),
      duplicates: z.int().describe("Sent twice in this request with the same content"),
      conflicting: z.int().describe("Sent twice in this request with other content: the first is kept"),
      rejected: z.int(),
      errors: z.array(Rejected).describe(`The first ${TOLD_MOST} of the rejected`),
    })
    .meta({ id: "AcceptedEvents" }),
  async handle({ body, lake, queues }) {
    const inbox = inboxOf(lake.storage);
    const full = await inbox.full();
    if (full || reading + body.text.length > READ_AT_ONCE)
      throw tooMany(full ?? "Too many bodies are being read");
    reading += body.text.length;
    try {
      const { read, pathOf } = await readEvents(body);
      if (read.lines.length === 0) refuse(read, pathOf);
      await inbox.store(read.lines);
      nudgeOf(queues).soon();
      const { lines, rejected, duplicates, conflicting } = read;
      const errors = rejected.slice(0, TOLD_MOST);
      return {
        accepted: lines.length,
        duplicates,
        conflicting,
        rejected: rejected.length,
        errors: [...errors],
      };
    } finally {
      reading -= body.text.length;
    }
  },
});

let reading = 0;

interface ReadBody {
  readonly read: ReadEvents;
  /** Where in the body the event of a number stands; a single one is the body. */
  readonly pathOf: (line: number) => string;
}

async function readEvents({ mediaType, text }: BodyText): Promise<ReadBody> {
  const numbered = (line: number) => `/${line}`;
  if (mediaType === NDJSON) return { read: await readEventLines(text), pathOf: numbered };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Problem("malformed-json", `Send one event or a list, or a line each as ${NDJSON}.`);
  }
  return { read: await readEventValues(value), pathOf: Array.isArray(value) ? numbered : () => "" };
}

function refuse({ rejected }: ReadEvents, pathOf: ReadBody["pathOf"]): never {
  if (rejected.length === 0) throw invalid([{ in: "body", path: "", message: "There is no event in it" }]);
  throw invalid(
    rejected.slice(0, TOLD_MOST).map(({ line, message }) => ({ in: "body", path: pathOf(line), message })),
  );
}

function tooMany(reason: string): Problem {
  return new Problem("rate-limited", `${reason}. Send the same events again in 2 s.`, {
    headers: { "retry-after": "2" },
  });
}

const nudges = new WeakMap<Queues, Nudge<Record<string, never>>>();

function nudgeOf(queues: Queues): Nudge<Record<string, never>> {
  const known = nudges.get(queues);
  if (known) return known;
  const nudge = new Nudge(queues, observerAppend, {});
  nudges.set(queues, nudge);
  return nudge;
}
