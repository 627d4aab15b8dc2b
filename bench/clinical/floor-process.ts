import { join } from "node:path";
import { planRefresh } from "../../data/clinical/refresh-plan.ts";
import { openLake } from "../../data/open-lake.ts";
import { openFolder } from "../../data/storage/folder.ts";
import { measureFloor } from "./floor.ts";

/** The floor in a process that has done nothing else: in one that has generated the files it is up to half as high again. */
const [dir = ""] = process.argv.slice(2);
const duckdb = { memoryBytes: 2 * 1024 ** 3, threads: 2, tempDir: join(dir, "floor-spill") };
await using lake = await openLake({ storage: openFolder(join(dir, "lake")), duckdb });
process.send?.(await measureFloor(lake, (await planRefresh(lake)).chunks));
process.disconnect?.();
