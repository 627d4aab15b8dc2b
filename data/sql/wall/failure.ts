import {
  QueryError,
  QueryForbiddenError,
  type QueryLimit,
  QueryLimitError,
  type QueryPosition,
} from "../query-error.ts";

/** An error on its way between two processes. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly position?: QueryPosition | undefined;
  readonly limit?: QueryLimit | undefined;
}

export function failureOf(thrown: unknown): Failure {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { name, message, stack } = error;
  return {
    name,
    message,
    stack,
    ...(error instanceof QueryError && { position: error.position }),
    ...(error instanceof QueryLimitError && { limit: error.limit }),
  };
}

export function errorOf({ name, message, stack, position, limit }: Failure): Error {
  const error = limit
    ? new QueryLimitError(limit, message)
    : name === "QueryForbiddenError"
      ? new QueryForbiddenError(message, position)
      : name === "QueryError"
        ? new QueryError(message, position)
        : new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
