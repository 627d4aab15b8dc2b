import type { Action, AddFile, RemoveFile } from "../../data/delta/actions.ts";
import { conflictWith, type ReadFiles } from "../../data/delta/conflict.ts";
import type { Verdict } from "./cluster.ts";
import type { Random } from "./random.ts";

/** What keeps the promises; a control takes one away. */
export interface Guards {
  /** A batch that the log has is not written again. */
  readonly key: boolean;
  /** A version that is there is not written over. */
  readonly create: boolean;
  /** Another's commit is looked at before one's own follows it. */
  readonly conflict: boolean;
}

interface Work {
  readonly batch: number;
  /** The row that it sets; all rows of one table. */
  readonly row: number;
}

/** A delivery. Whoever holds its newest lease may end it; who held an older one is a zombie and goes on all the same. */
interface Delivery {
  readonly work: Work;
  lease: number;
  held: boolean;
}

interface Attempt {
  readonly delivery: Delivery;
  readonly lease: number;
  stage: "read" | "look" | "put" | "acknowledge";
  next: number;
  actions: readonly Action[];
  removed: ReadonlySet<string>;
  read: ReadFiles;
}

const WORKERS = 6;
const ROWS = 40;
const MOST_OPEN = 40;

/**
 * A cluster of one table with nothing in it but the log, the leases and the record of what was accepted. Which of two
 * commits may follow the other is asked of the product's own rules; everything else is the least that could hold.
 */
export class Model {
  readonly #random: Random;
  readonly #guards: Guards;
  readonly #log: (readonly Action[])[] = [];
  readonly #live = new Map<number, Set<string>>();
  readonly #applied = new Set<number>();
  readonly #recorded = new Map<number, Work>();
  readonly #workers: (Attempt | undefined)[] = Array.from({ length: WORKERS }, () => undefined);
  #queue: Delivery[] = [];
  #accepted = 0;
  #files = 0;
  readonly counts = { crashes: 0, zombies: 0, flushes: 0, retries: 0, "already-applied": 0 };

  constructor(random: Random, guards: Guards = { key: true, create: true, conflict: true }) {
    this.#random = random;
    this.#guards = guards;
  }

  get commits(): number {
    return this.#log.length;
  }

  async run(steps: number): Promise<Verdict> {
    for (let step = 0; step < steps; step += 1) await this.#step();
    const stuck = await this.#drain();
    return { ...this.#judge(), stuck };
  }

  async #step(): Promise<void> {
    const roll = this.#random.next();
    if (roll < 0.1) this.#accept();
    else if (roll < 0.13) this.#loseLease();
    else if (roll < 0.14) this.#crash();
    else if (roll < 0.16) this.#deliverAgain();
    else if (roll < 0.1602) this.#flush();
    else if (roll < 0.165) this.#reconcile();
    else if (roll < 0.2) this.#compact();
    else await this.#work(this.#random.below(WORKERS));
  }

  #accept(): void {
    if (this.#queue.length >= MOST_OPEN) return;
    const work = { batch: this.#accepted, row: this.#random.below(ROWS) };
    this.#accepted += 1;
    this.#recorded.set(work.batch, work);
    this.#deliver(work);
  }

  #deliver(work: Work): void {
    this.#queue.push({ work, lease: 0, held: false });
  }

  #loseLease(): void {
    const delivery = this.#random.pick(this.#queue);
    if (!delivery?.held) return;
    delivery.held = false;
    delivery.lease += 1;
    if (this.#workers.some((attempt) => attempt?.delivery === delivery)) this.counts.zombies += 1;
  }

  #crash(): void {
    const at = this.#random.below(WORKERS);
    if (this.#workers[at]) this.counts.crashes += 1;
    this.#workers[at] = undefined;
  }

  #deliverAgain(): void {
    const delivery = this.#random.pick(this.#queue);
    if (delivery && this.#queue.length < MOST_OPEN) this.#deliver(delivery.work);
  }

  #flush(): void {
    this.#queue = [];
    this.counts.flushes += 1;
  }

  #reconcile(): void {
    const queued = new Set(this.#queue.map(({ work }) => work.batch));
    for (const [batch, work] of this.#recorded) if (!queued.has(batch)) this.#deliver(work);
  }

  /** As maintenance does: one file for another with the same rows, while others write. */
  #compact(): void {
    const row = this.#random.below(ROWS);
    const [path] = this.#live.get(row) ?? [];
    if (path !== undefined)
      this.#commit(this.#log.length, [remove(path, false), add(this.#newPath(row), false)]);
  }

  async #work(at: number): Promise<void> {
    const attempt = this.#workers[at] ?? this.#take();
    this.#workers[at] = attempt;
    if (attempt && (await this.#goOn(attempt)) === "over") this.#workers[at] = undefined;
  }

  #take(): Attempt | undefined {
    const delivery = this.#random.pick(this.#queue.filter(({ held }) => !held));
    if (!delivery) return undefined;
    delivery.held = true;
    const nothing = { files: new Set<string>(), mayMatter: async () => false };
    return {
      delivery,
      lease: delivery.lease,
      stage: "read",
      next: 0,
      actions: [],
      removed: new Set(),
      read: nothing,
    };
  }

  async #goOn(attempt: Attempt): Promise<"over" | undefined> {
    if (attempt.stage === "read") this.#propose(attempt);
    else if (attempt.stage === "look") await this.#look(attempt);
    else if (attempt.stage === "put") this.#put(attempt);
    else return this.#acknowledge(attempt);
    return undefined;
  }

  #propose(attempt: Attempt): void {
    const { batch, row } = attempt.delivery.work;
    if (this.#guards.key && this.#applied.has(batch)) {
      this.counts["already-applied"] += 1;
      attempt.stage = "acknowledge";
      return;
    }
    const mine = [...(this.#live.get(row) ?? [])];
    attempt.next = this.#log.length;
    attempt.removed = new Set(mine);
    attempt.read = {
      files: new Set(mine),
      mayMatter: async (added) => added.some(({ path }) => rowOf(path) === row),
    };
    attempt.actions = [
      { txn: { appId: `${batch}`, version: 0 } },
      ...mine.map((path) => remove(path, true)),
      add(this.#newPath(row), true),
    ];
    attempt.stage = "look";
  }

  async #look(attempt: Attempt): Promise<void> {
    const theirs = this.#log[attempt.next];
    if (!theirs) {
      attempt.stage = "put";
      return;
    }
    const { removed, read, delivery } = attempt;
    const txn = this.#guards.key ? { appId: `${delivery.work.batch}`, version: 0 } : undefined;
    const reason = this.#guards.conflict ? await conflictWith({ removed, read, txn }, theirs) : undefined;
    attempt.next += 1;
    if (reason === undefined) return;
    this.counts.retries += 1;
    attempt.stage = "read";
  }

  #put(attempt: Attempt): void {
    const isTaken = this.#log[attempt.next] !== undefined;
    if (isTaken && this.#guards.create) {
      attempt.stage = "look";
      return;
    }
    this.#commit(attempt.next, attempt.actions);
    attempt.stage = "acknowledge";
  }

  #acknowledge({ delivery, lease }: Attempt): "over" {
    if (delivery.held && delivery.lease === lease) {
      this.#queue = this.#queue.filter((other) => other !== delivery);
      this.#recorded.delete(delivery.work.batch);
    }
    return "over";
  }

  #commit(version: number, actions: readonly Action[]): void {
    this.#log[version] = actions;
    for (const action of actions) {
      if ("txn" in action) this.#applied.add(Number(action.txn.appId));
      if ("remove" in action) this.#filesOf(action.remove.path).delete(action.remove.path);
      if ("add" in action) this.#filesOf(action.add.path).add(action.add.path);
    }
  }

  #filesOf(path: string): Set<string> {
    const row = rowOf(path);
    const files = this.#live.get(row) ?? new Set<string>();
    this.#live.set(row, files);
    return files;
  }

  #newPath(row: number): string {
    this.#files += 1;
    return `${row}/${this.#files}`;
  }

  /** No more trouble: leases of the dead end, and what is recorded is queued. What then stays is stuck. */
  async #drain(): Promise<number> {
    this.#workers.fill(undefined);
    for (const delivery of this.#queue) {
      delivery.held = false;
      delivery.lease += 1;
    }
    this.#reconcile();
    for (let step = 0; step < 100_000 && this.#queue.length > 0; step += 1) await this.#work(step % WORKERS);
    return this.#queue.length + this.#recorded.size;
  }

  /** From the log alone. */
  #judge(): Omit<Verdict, "stuck"> {
    const holes = Array.from(this.#log, (actions) => actions === undefined).filter(Boolean).length;
    const actions = this.#log.flat();
    const versions = new Map<string, number>();
    for (const action of actions) {
      if ("txn" in action) versions.set(action.txn.appId, (versions.get(action.txn.appId) ?? 0) + 1);
    }
    const { live, strayRemoves } = replayed(actions);
    const rows = [...live].map(rowOf);
    return {
      lost: this.#accepted - versions.size,
      doubled: [...versions.values()].filter((count) => count > 1).length,
      torn: holes + strayRemoves,
      different: rows.length - new Set(rows).size,
    };
  }
}

/** The files that are left, and how often one was removed that was not there. */
function replayed(actions: readonly Action[]): { live: ReadonlySet<string>; strayRemoves: number } {
  const live = new Set<string>();
  let strayRemoves = 0;
  for (const action of actions) {
    if ("remove" in action && !live.delete(action.remove.path)) strayRemoves += 1;
    if ("add" in action) live.add(action.add.path);
  }
  return { live, strayRemoves };
}

function rowOf(path: string): number {
  return Number(path.slice(0, path.indexOf("/")));
}

function add(path: string, dataChange: boolean): { add: AddFile } {
  return { add: { path, partitionValues: {}, size: 1, modificationTime: 0, dataChange } };
}

function remove(path: string, dataChange: boolean): { remove: RemoveFile } {
  return { remove: { path, dataChange } };
}
