import { loadedIndexesOf } from "../data/vectors/generations/loaded-indexes.ts";
import { enqueue } from "../queues/enqueue.ts";
import { vectorsBuild } from "../workers/embedding/vectors-build/job.ts";
import type { ApiServices } from "./define-route.ts";

/**
 * Asks for the build of an index whose newest file this process could not read. Every process that serves may ask:
 * the requests are one piece of work, and a build that finds the file whole changes nothing.
 */
export function mendBrokenIndexes({ lake, queues, log }: Pick<ApiServices, "lake" | "queues" | "log">): void {
  loadedIndexesOf(lake).mendWith(async (index, trouble) => {
    try {
      const { id } = await enqueue(queues, vectorsBuild, { index, force: false });
      log.warn({ index, job: id, trouble }, "an index file is broken; it is built again");
      return true;
    } catch (err) {
      log.warn({ index, err }, "an index file is broken, and its build could not be asked for yet");
      return false;
    }
  });
}
