/** The part of the settings (`config.ts`) that commands read. */
export interface CliSettings {
  readonly redisUrl: string | undefined;
  readonly queuePrefix: string;
  readonly lakeUrl: string;
  readonly s3: {
    readonly endpoint: string | undefined;
    readonly region: string;
    readonly pathStyle: boolean;
    readonly anonymous: boolean;
  };
  readonly cache: { readonly dir: string; readonly maxBytes: number };
  readonly duckdb: { readonly memoryBytes: number; readonly threads: number; readonly tempDir: string };
  readonly api: { readonly host: string; readonly port: number; readonly keysFile: string | undefined };
  readonly worker: { readonly concurrency: number | undefined };
  readonly sql: { readonly timeoutMs: number; readonly maxRows: number };
  readonly ollamaUrl: string | undefined;
  readonly logLevel: string;
}
