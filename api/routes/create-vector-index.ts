import { defineIndex, NewIndex } from "../../data/vectors/define-index.ts";
import { openEmbedder } from "../../data/vectors/embedders/open-embedder.ts";
import { ModelServerError } from "../../data/vectors/errors.ts";
import { IndexDefinition } from "../../data/vectors/index-definition.ts";
import { createIndex } from "../../data/vectors/indexes.ts";
import { defineRoute } from "../define-route.ts";
import { Problem } from "../problem.ts";

export const createVectorIndex = defineRoute({
  summary: "Create a vector index over a text or a vector column of a table",
  description:
    "Makes nothing but the definition: `POST /vectors/{index}/refresh` embeds. The same definition again changes nothing; another one under the name is refused.",
  method: "post",
  path: "/vectors",
  role: "operate",
  body: NewIndex,
  withoutRedis: true,
  status: 200,
  reply: IndexDefinition,
  location: ({ name }) => `/vectors/${name}`,
  async handle({ body, lake, modelServer, signal }) {
    try {
      const open = (name: string) => openEmbedder(name, { server: modelServer, signal });
      return await createIndex(lake, await defineIndex(lake, body, open));
    } catch (error) {
      if (error instanceof ModelServerError)
        throw new Problem("unavailable", error.message, { cause: error });
      throw error;
    }
  },
});
