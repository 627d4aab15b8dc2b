import { QueryError, QueryForbiddenError } from "../data/sql/query-error.ts";
import { ModelServerError } from "../data/vectors/errors.ts";
import { Problem } from "./problem.ts";

/** Runs a search; what is wrong with its filter, or with the model server, becomes the problem it is. */
export async function orProblem<Reply>(work: Promise<Reply>): Promise<Reply> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ModelServerError)
      throw new Problem("unavailable", error.message, { headers: { "retry-after": "5" }, cause: error });
    if (error instanceof QueryForbiddenError) throw new Problem("query-forbidden", error.message);
    if (error instanceof QueryError) throw new Problem("query-wrong", error.message);
    throw error;
  }
}
