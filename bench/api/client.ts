import { Agent, request } from "node:http";

/** Sends requests over kept connections and tells its parent how many jobs it was promised a second. */
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
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const path = batch === 1 ? "/jobs/errand" : "/jobs";
  let part = 0;
  let left = requests;
  const body = () => {
    const inputs = Array.from({ length: batch }, () => ({ cohort, part: part++ }));
    return JSON.stringify(
      batch === 1 ? inputs[0] : { jobs: inputs.map((input) => ({ kind: "errand", input })) },
    );
  };
  const start = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left-- > 0) await post(agent, url + path, body());
    }),
  );
  const seconds = (performance.now() - start) / 1_000;
  agent.destroy();
  return (requests * batch) / seconds;
}

function post(agent: Agent, url: string, body: string): Promise<void> {
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", agent, headers }, (response) => {
      response.resume();
      if (response.statusCode !== 202) reject(new Error(`The API answered ${response.statusCode}`));
      response.once("end", resolve);
    });
    sent.once("error", reject);
    sent.end(body);
  });
}
