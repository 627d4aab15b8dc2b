/**
 * How DuckDB's allocator gives pages back, which DuckDB has no setting for: at once, rather than when the system runs
 * short of memory. It is read once, when the library is loaded; what is set from outside holds.
 */
// biome-ignore lint/style/noProcessEnv: the library is told in no other way, and nothing of ours is read from it.
process.env.DUCKDB_JE_MALLOC_CONF ??= "muzzy_decay_ms:0";
