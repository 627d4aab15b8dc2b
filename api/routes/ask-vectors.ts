import { z } from "zod";
import { IndexName } from "../../data/vectors/index-definition.ts";
import { RagReply, RagRequest } from "../../data/vectors/search/rag.ts";
import { defineRoute } from "../define-route.ts";
import { orProblem } from "../vector-problems.ts";

export const askVectors = defineRoute({
  summary: "Answer a question from an index's rows, with its sources",
  description:
    "Retrieves, then lets a model of the model server write an answer that cites its sources. When nothing near enough is found, or the answer cites no source, there is no answer and `why` says so.",
  method: "post",
  path: "/vectors/{index}/rag",
  role: "read",
  params: z.strictObject({ index: IndexName }),
  body: RagRequest,
  withoutRedis: true,
  status: 200,
  reply: RagReply,
  async handle({ params, body, lake, modelServer, signal }) {
    const { answer } = await import("../../data/vectors/search/rag.ts");
    return orProblem(answer(lake, params.index, body, { server: modelServer, signal }));
  },
});
