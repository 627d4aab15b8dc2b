/** What one look at the machine showed. */
export interface Finding {
  readonly check: string;
  readonly status: "ok" | "warn" | "fail";
  readonly found: string;
  /** What to do about it. */
  readonly next?: string;
}

/** A check; its name stands in the report even when the check itself breaks. */
export interface Check {
  readonly name: string;
  look(): Promise<Omit<Finding, "check">>;
}

/** Runs the checks side by side; one that throws has found what it threw. */
export async function examine(checks: readonly Check[]): Promise<Finding[]> {
  return Promise.all(
    checks.map(async ({ name, look }) => {
      try {
        return { check: name, ...(await look()) };
      } catch (error) {
        const found = error instanceof Error ? error.message : String(error);
        return { check: name, status: "fail" as const, found };
      }
    }),
  );
}
