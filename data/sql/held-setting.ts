import type { DuckDBConnection } from "@duckdb/node-api";

/** A setting of the whole engine that is as `held` says while anybody holds it, and as `released` says when nobody does. */
export function heldSetting(
  connection: DuckDBConnection,
  statements: { readonly held: string; readonly released: string },
) {
  let holders = 0;
  let told = Promise.resolve();
  const tell = () => {
    // In turn, so that the last to tell has it; who was refused has heard it himself.
    told = told
      .catch(() => undefined)
      .then(async () => {
        await connection.run(holders > 0 ? statements.held : statements.released);
      });
    return told;
  };
  return async (): Promise<AsyncDisposable> => {
    holders += 1;
    await tell();
    return {
      async [Symbol.asyncDispose]() {
        holders -= 1;
        await tell();
      },
    };
  };
}
