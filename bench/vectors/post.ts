import { type Agent, request } from "node:http";

/** One request over a kept connection, without what a general client does beside it; answers the status. */
export function post(agent: Agent, url: string, value: unknown): Promise<number> {
  const body = JSON.stringify(value);
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", agent, headers }, (response) => {
      response.setEncoding("utf8");
      let text = "";
      response.on("data", (piece: string) => {
        text += piece;
      });
      response.once("end", () => {
        JSON.parse(text);
        resolve(response.statusCode ?? 0);
      });
    });
    sent.once("error", reject);
    sent.end(body);
  });
}
