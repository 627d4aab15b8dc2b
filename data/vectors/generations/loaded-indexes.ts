import type { Lake } from "../../lake.ts";
import type { Pointer } from "../generation.ts";
import { loadBinding } from "../hnsw/binding.ts";
import type { IndexDefinition } from "../index-definition.ts";
import { NewerRowsOf } from "../search/newer-rows.ts";
import { type LoadedIndex, loadHnsw } from "./loaded-index.ts";
import { currentPointer, keptOf, pointerLog } from "./pointers.ts";
import { isBrokenFile } from "./readable.ts";

const LOOK_EVERY_MS = 1_000;
/** Who has not been searched for so long need not look any more; the next search looks first. */
const QUIET_MS = 60_000;

/** Asks that an index whose newest file is broken be built again; false: nobody could be asked, so ask again. Never rejects. */
export type Mend = (index: string, trouble: string) => Promise<boolean>;

type Load = (definition: IndexDefinition, pointer: Pointer) => Promise<LoadedIndex>;

/** What a search holds on to: the generation stays usable until `release`, whatever is swapped in meanwhile. */
export interface Lease extends Disposable {
  readonly index: LoadedIndex | undefined;
  /** What the table has that the generation lacks. */
  readonly newer: NewerRowsOf | undefined;
  /** Why it is not the newest, or none at all. */
  readonly trouble: string | undefined;
}

/** The generations that this process serves, swapped while it serves. */
export class LoadedIndexes {
  readonly #slots = new Map<string, Slot>();
  readonly #lake: Lake;
  readonly #load: Load;
  #mend: Mend | undefined;

  constructor(lake: Lake, load: Load = (definition, pointer) => loadAny(lake, definition, pointer)) {
    this.#lake = lake;
    this.#load = load;
  }

  /** Whom to tell of a file that is broken. */
  mendWith(mend: Mend): void {
    this.#mend = mend;
  }

  /** The generation that serves an index now; undefined inside while there is none that can be read. */
  async lease(definition: IndexDefinition): Promise<Lease> {
    let slot = this.#slots.get(definition.name);
    if (slot?.definition.model !== definition.model || slot.definition.metric !== definition.metric) {
      slot?.close();
      slot = new Slot(this.#lake, definition, this.#load, async (index, trouble) =>
        this.#mend ? this.#mend(index, trouble) : true,
      );
      this.#slots.set(definition.name, slot);
    }
    await slot.ready();
    return slot.lease();
  }

  /** Looks at the pointer at once, and resolves when what it names serves. */
  async look(index: string): Promise<void> {
    await this.#slots.get(index)?.look();
  }

  close(): void {
    for (const slot of this.#slots.values()) slot.close();
    this.#slots.clear();
  }
}

async function loadAny(lake: Lake, definition: IndexDefinition, pointer: Pointer): Promise<LoadedIndex> {
  if (pointer.generation.backend === "hnsw") return loadHnsw(lake.storage, definition, pointer);
  const { loadLance } = await import("../lance/loaded.ts");
  return loadLance(lake.storage, definition, pointer);
}

/** One index: what serves, what is being loaded, and who still reads the one before. */
class Slot {
  readonly definition: IndexDefinition;
  readonly #lake: Lake;
  readonly #load: Load;
  #serving: Counted | undefined;
  #seen: Pointer | undefined;
  #trouble: string | undefined;
  readonly #mend: Mend;
  #isMended = true;
  #mending: Promise<void> | undefined;
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #usedAt = 0;
  #closed = false;

  constructor(lake: Lake, definition: IndexDefinition, load: Load, mend: Mend) {
    this.#lake = lake;
    this.definition = definition;
    this.#load = load;
    this.#mend = mend;
  }

  /** The first search waits for the first look; later ones never wait for a swap. */
  ready(): Promise<void> | undefined {
    this.#usedAt = Date.now();
    if (this.#timer) return this.#serving ? undefined : this.#looking;
    this.#timer = setInterval(() => this.#tick(), LOOK_EVERY_MS).unref();
    return this.look();
  }

  lease(): Lease {
    const counted = this.#serving;
    counted?.take();
    return {
      index: counted?.index,
      newer: counted?.newer,
      trouble: this.#trouble,
      [Symbol.dispose]: () => counted?.giveBack(),
    };
  }

  look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#serving?.retire();
    this.#serving = undefined;
  }

  #tick(): void {
    if (Date.now() - this.#usedAt > QUIET_MS) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    // What a look could not see the next one will; until then the old generation serves.
    void this.look().catch(() => undefined);
  }

  async #lookOnce(): Promise<void> {
    const { storage } = this.#lake;
    const pointer = await currentPointer(storage, this.definition.name, this.#seen);
    if (pointer && pointer.sequence !== this.#seen?.sequence) {
      try {
        await this.#serve(await this.#load(this.definition, pointer));
        this.#trouble = undefined;
        this.#isMended = true;
      } catch (error) {
        this.#trouble = await reasonOf(error);
        this.#isMended = !isBrokenFile(error);
        if (!this.#isMended && !this.#serving) await this.#serveEarlier(pointer);
      }
      this.#seen = pointer;
    }
    this.#askForMending();
  }

  /** Aside: a search never waits for who is asked to build. */
  #askForMending(): void {
    if (this.#isMended || !this.#trouble) return;
    this.#mending ??= this.#mend(this.definition.name, this.#trouble)
      .then((taken) => {
        this.#isMended = taken;
      })
      .finally(() => {
        this.#mending = undefined;
      });
  }

  async #serve(loaded: LoadedIndex): Promise<void> {
    const { tableVersion } = loaded.pointer.generation;
    const newer = new NewerRowsOf(this.#lake, this.definition, tableVersion);
    // Read before it serves, else the first searches would wait for it. Where that fails they try themselves.
    await newer.now().catch(() => undefined);
    if (this.#closed) {
      loaded.close();
      return;
    }
    const old = this.#serving;
    this.#serving = new Counted(loaded, newer);
    old?.retire();
  }

  /** A process that starts where the newest file is broken takes the newest of those before that it can read. */
  async #serveEarlier({ generation: broken }: Pointer): Promise<void> {
    const log = await pointerLog(this.#lake.storage, this.definition.name);
    for (const generation of keptOf(log)) {
      const pointer = log.findLast((each) => each.generation === generation);
      if (!pointer || generation.key === broken.key) continue;
      try {
        await this.#serve(await this.#load(this.definition, pointer));
        return;
      } catch (error) {
        if (!isBrokenFile(error)) throw error;
      }
    }
  }
}

async function reasonOf(error: unknown): Promise<string> {
  if (!(await loadBinding())) return "the graph library hnswlib-node is not installed here";
  return error instanceof Error ? error.message : String(error);
}

/** Closes its index when it is retired and the last reader has gone, whichever is later. */
class Counted {
  readonly index: LoadedIndex;
  readonly newer: NewerRowsOf;
  #readers = 0;
  #retired = false;

  constructor(index: LoadedIndex, newer: NewerRowsOf) {
    this.index = index;
    this.newer = newer;
  }

  take(): void {
    this.#readers += 1;
  }

  giveBack(): void {
    this.#readers -= 1;
    if (this.#retired && this.#readers === 0) this.index.close();
  }

  retire(): void {
    this.#retired = true;
    if (this.#readers === 0) this.index.close();
  }
}

const holders = new WeakMap<Lake, LoadedIndexes>();

/** The one holder of a process for a lake. */
export function loadedIndexesOf(lake: Lake): LoadedIndexes {
  const known = holders.get(lake);
  if (known) return known;
  const holder = new LoadedIndexes(lake);
  holders.set(lake, holder);
  return holder;
}
