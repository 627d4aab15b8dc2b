import { type Logger, pino } from "pino";
import { GatheredOutput } from "./gathered-output.ts";

const STDOUT = 1;

/** Lines are written together: one by one, each request would cost a write of its own. */
export function openApiLog(level: string, fd = STDOUT): Logger {
  return pino({ level }, new GatheredOutput(fd));
}
