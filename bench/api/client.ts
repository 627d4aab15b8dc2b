import { postRequest, sendAll } from "./http-load.ts";

/** What a parent asks of this process, which answers with the jobs a second that it was promised. */
interface Load {
  readonly url: string;
  readonly connections: number;
  readonly requests: number;
  /** Jobs a request; one goes to `POST /jobs/{kind}`. */
  readonly batch: number;
  readonly cohort: string;
}

process.on("message", (load: Load) => {
  void measure(load).then((jobsPerS) => process.send?.(jobsPerS));
});
process.send?.("ready");

async function measure({ url, connections, requests, batch, cohort }: Load): Promise<number> {
  const address = new URL(url);
  const sent = Array.from({ length: requests }, (_, request) => {
    const inputs = Array.from({ length: batch }, (_, at) => ({ cohort, part: request * batch + at }));
    if (batch === 1) return postRequest(address, "/jobs/errand", JSON.stringify(inputs[0]));
    const jobs = inputs.map((input) => ({ kind: "errand", input }));
    return postRequest(address, "/jobs", JSON.stringify({ jobs }));
  });
  const start = performance.now();
  await sendAll(address, connections, sent);
  return (requests * batch * 1_000) / (performance.now() - start);
}
