import { type Logger, pino } from "pino";

const GATHERED_BYTES = 8 * 1024;
const GATHERED_MS = 100;

/** Lines are written together: one by one, each request would cost a write of its own. They are written out at exit too. */
export function openApiLog(level: string, dest: string | number = 1): Logger {
  return pino(
    { level },
    pino.destination({ dest, sync: false, minLength: GATHERED_BYTES, periodicFlush: GATHERED_MS }),
  );
}
