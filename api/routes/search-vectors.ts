import { z } from "zod";
import { IndexName } from "../../data/vectors/index-definition.ts";
import { SearchReply, SearchRequest } from "../../data/vectors/search/request.ts";
import { defineRoute } from "../define-route.ts";
import { orProblem } from "../vector-problems.ts";

export const searchVectors = defineRoute({
  summary: "Search an index by words or by a vector",
  description:
    "With a filter the hits are exact at any selectivity: few matching rows are compared one by one, many are fetched from the index and checked, and what lies between is compared in the engine; `method` says which. Rows newer than the index are compared exactly and merged in, deleted ones are left out.",
  method: "post",
  path: "/vectors/{index}/search",
  role: "read",
  params: z.strictObject({ index: IndexName }),
  body: SearchRequest,
  maxBodyBytes: 1024 ** 2,
  withoutRedis: true,
  status: 200,
  reply: SearchReply,
  async handle({ params, body, lake, modelServer, signal }) {
    const [{ search }, { recallWatchOf }] = await Promise.all([
      import("../../data/vectors/search/search.ts"),
      import("../../data/vectors/autotune/live-recall.ts"),
    ]);
    const options = { server: modelServer, watch: recallWatchOf(lake), signal };
    return orProblem(search(lake, params.index, body, options));
  },
});
