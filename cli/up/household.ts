import { CliFailure } from "../failure.ts";
import { describeEnding, type Ending, type Serving, startMillrace } from "../processes/millrace-process.ts";
import { type Crash, SupervisedProcess } from "../processes/supervised-process.ts";
import { duration } from "../quantities.ts";
import type { MemberSpec } from "./members.ts";

export interface HouseholdEnd {
  /** Killed on a second request, without being waited for. */
  readonly hurried: boolean;
  readonly failure: CliFailure | undefined;
}

/** All processes of a cluster on one machine, from the first start to the last end. */
export class Household {
  readonly ended: Promise<HouseholdEnd>;
  stopping = false;
  readonly #members: readonly SupervisedProcess[];
  readonly #serving = new Map<string, Serving>();
  readonly #options: { readonly log: (name: string, line: string) => void; readonly graceMs: number };
  readonly #lastWords = new Map<string, { error?: string; next?: string }>();
  #allServe: () => void = () => undefined;
  #end: (end: HouseholdEnd) => void = () => undefined;
  #hurried = false;

  constructor(
    specs: readonly MemberSpec[],
    options: { readonly log: (name: string, line: string) => void; readonly graceMs: number },
  ) {
    this.#options = options;
    this.#members = specs.map((spec) => this.#supervise(spec));
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Resolves when everyone serves; undefined when it was stopped before that. */
  async start(): Promise<{ readonly apiUrl: string } | undefined> {
    const allServe = new Promise<void>((resolve) => {
      this.#allServe = resolve;
    });
    for (const member of this.#members) member.start();
    await Promise.race([allServe, this.ended]);
    return this.stopping ? undefined : { apiUrl: this.#serving.get("api")?.url ?? "" };
  }

  /** Ends everyone in order; those who take too long are killed. */
  async stop({ why, failure }: { readonly why?: string; readonly failure?: CliFailure } = {}): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    this.#say(why === undefined ? "stopping" : `stopping: ${why}`);
    await Promise.all(this.#members.map((member) => member.stop(this.#options.graceMs)));
    this.#end({ hurried: this.#hurried, failure });
  }

  killNow(): void {
    this.#hurried = true;
    this.#say("killing what is left");
    for (const member of this.#members) member.killNow();
  }

  #supervise({ name, args, env }: MemberSpec): SupervisedProcess {
    return new SupervisedProcess({
      name,
      start: () => startMillrace(args, { env, onLine: (line) => this.#hear(name, line) }),
      onServing: (serving) => {
        this.#serving.set(name, serving);
        if (this.#serving.size === this.#members.length) this.#allServe();
      },
      onCrash: (ending, crash) => this.#onCrash(name, ending, crash),
    });
  }

  #hear(name: string, line: string): void {
    // What a command dies of it says in a line of this form, and what to do in one after it.
    const [, label, text = ""] = /^(error|next):\s*(.+)$/.exec(line) ?? [];
    if (label) this.#lastWords.set(name, { ...this.#lastWords.get(name), [label]: text });
    this.#options.log(name, line);
  }

  #onCrash(name: string, ending: Ending, { inARow, pauseMs, hopeless }: Crash): void {
    const how = describeEnding(ending);
    if (hopeless) {
      const { error = "its lines above say why", next = "millrace doctor" } = this.#lastWords.get(name) ?? {};
      const failure = new CliFailure(`${name} does not start (${how}): ${error}`, { next });
      void this.stop({ failure });
      return;
    }
    const again = `${name} ended (${how}); it starts again in ${duration(pauseMs)}`;
    this.#say(
      inARow >= 3 ? `${again}. This is the ${inARow}th time in a row: look at its lines above` : again,
    );
  }

  #say(message: string): void {
    const record = { level: 40, time: Date.now(), pid: process.pid, msg: message };
    this.#options.log("up", JSON.stringify(record));
  }
}
