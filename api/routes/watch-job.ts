import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { z } from "zod";
import { watchJob as watch } from "../../queues/watch.ts";
import { defineStream } from "../define-route.ts";
import { Problem } from "../problem.ts";
import { JobId, jobReply } from "../schemas.ts";

const HEARTBEAT_MS = 15_000;
/** Each stream asks Redis a few times a second, so they are not without end. */
const MOST_STREAMS = 500;

let streams = 0;

export const watchJob = defineStream({
  summary: "A job's state and progress as they change",
  description:
    "Server-sent events: `job` with the job, each time its state or progress changes, then `end` when it has ended; close the source on `end`. A source that lost its connection may simply connect again.",
  method: "get",
  path: "/jobs/{id}/events",
  role: "read",
  params: z.strictObject({ id: JobId }),
  status: 200,
  streams: ["text/event-stream"],
  async stream({ params, queues, signal }, response) {
    if (streams >= MOST_STREAMS) {
      throw new Problem("rate-limited", `${MOST_STREAMS} event streams are open; ask for the job instead.`, {
        headers: { "retry-after": "5" },
      });
    }
    streams += 1;
    const heartbeat = setInterval(() => sayAlive(response), HEARTBEAT_MS);
    try {
      for await (const view of watch(queues, params.id, signal)) {
        begin(response);
        if (!(await write(response, "job", jobReply(view), signal))) return;
      }
      if (!signal.aborted) await write(response, "end", {}, signal);
    } finally {
      streams -= 1;
      clearInterval(heartbeat);
    }
    response.end();
  },
});

function begin(response: ServerResponse) {
  if (response.headersSent) return;
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" });
  response.write("retry: 2000\n\n");
}

/** A reader that is slow is waited for, not piled up for: it then gets the job as it is by that time. */
async function write(
  response: ServerResponse,
  event: string,
  data: unknown,
  signal: AbortSignal,
): Promise<boolean> {
  if (response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)) return true;
  await once(response, "drain", { signal }).catch(() => undefined);
  return !signal.aborted;
}

/** Keeps proxies from taking a quiet stream for a dead one. */
function sayAlive(response: ServerResponse) {
  if (response.headersSent && !response.writableNeedDrain) response.write(": alive\n\n");
}
