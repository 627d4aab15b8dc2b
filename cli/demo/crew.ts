import { poolNames } from "../../queues/pools.ts";
import { CliFailure } from "../failure.ts";
import { type MillraceProcess, startMillrace } from "../processes/millrace-process.ts";

const GRACE_MS = 5_000;

/** The demo's worker processes, each serving every pool. */
export class Crew implements AsyncDisposable {
  readonly #env: NodeJS.ProcessEnv;
  readonly #members = new Set<MillraceProcess>();

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  async hire(): Promise<MillraceProcess> {
    const lines: string[] = [];
    const member = startMillrace(["worker", "--pool", poolNames.join(",")], {
      env: { ...this.#env, LOG_LEVEL: "info" },
      onLine: (line) => lines.push(line),
    });
    this.#members.add(member);
    void member.ended.then(() => this.#members.delete(member));
    try {
      await member.ready;
    } catch (cause) {
      throw new CliFailure(`A worker did not start: ${lines.at(-1) ?? "it said nothing"}`, {
        next: "millrace doctor",
        cause,
      });
    }
    return member;
  }

  /** As a machine that loses its power would end them. */
  async killAll(): Promise<number> {
    const killed = [...this.#members];
    for (const member of killed) member.child.kill("SIGKILL");
    await Promise.all(killed.map((member) => member.ended));
    return killed.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#members].map((member) => member.stop(GRACE_MS)));
  }
}
