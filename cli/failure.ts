/** The work was not done. `next` says what to type or to look at. */
export class CliFailure extends Error {
  override readonly name = "CliFailure";
  readonly next: string | undefined;
  readonly exitCode: number;

  constructor(message: string, options: { next?: string; exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.next = options.next;
    this.exitCode = options.exitCode ?? exitCodes.failure;
  }
}

/** The command line itself is wrong. */
export class UsageFailure extends CliFailure {
  constructor(message: string, next?: string) {
    super(message, { exitCode: exitCodes.usage, ...(next === undefined ? {} : { next }) });
  }
}

export const exitCodes = { success: 0, failure: 1, usage: 2, interrupted: 130 } as const;

export interface FailureReport {
  readonly message: string;
  readonly next?: string;
  readonly stack?: string;
}

/** What a person is told of any error: its message, and its stack only when asked for (`LOG_LEVEL=debug`). */
export function reportOf(error: unknown, { withStack }: { withStack: boolean }): FailureReport {
  const known = portTaken(error) ?? error;
  const message = known instanceof Error ? known.message || known.name : String(known);
  const next = known instanceof CliFailure ? known.next : undefined;
  const stack = withStack && error instanceof Error ? error.stack : undefined;
  return { message, ...(next ? { next } : {}), ...(stack ? { stack } : {}) };
}

export function exitCodeOf(error: unknown): number {
  return error instanceof CliFailure ? error.exitCode : exitCodes.failure;
}

function portTaken(error: unknown): CliFailure | undefined {
  if (!(error instanceof Error && "code" in error && error.code === "EADDRINUSE")) return undefined;
  const place = "port" in error ? `Port ${String(error.port)}` : "The port";
  return new CliFailure(`${place} is taken, perhaps by another millrace.`, {
    next: "stop that one, or set API_PORT to another port (0 takes a free one)",
    cause: error,
  });
}
