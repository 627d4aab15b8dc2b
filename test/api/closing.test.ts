import { describe, expect } from "vitest";
import { z } from "zod";
import { defineRoute } from "../../api/define-route.ts";
import { routes } from "../../api/routes.ts";
import { Gate } from "../support/gate.ts";
import { test } from "./api.ts";

describe("an API that is told to end", () => {
  test("is listened for by as many requests as there are, and no warning is printed", async ({ serve }) => {
    const all = 20;
    const warnings: string[] = [];
    const hear = ({ name }: Error) => warnings.push(name);
    process.on("warning", hear);
    let waitFor = all;
    const gate = new Gate();
    const waiting = defineRoute({
      summary: "Wait for the end",
      method: "get",
      path: "/waiting",
      role: "read",
      status: 200,
      reply: z.strictObject({ ended: z.boolean() }),
      async handle({ signal }) {
        waitFor -= 1;
        if (waitFor === 0) gate.open();
        await gate.passed(signal);
        return { ended: signal.aborted };
      },
    });
    const api = await serve({ routes: { ...routes, waiting } });
    await Promise.all(Array.from({ length: all }, () => api.fetch("/waiting")));
    process.off("warning", hear);

    expect(warnings).toEqual([]);
  });

  test("answers what was asked, ends the streams and takes nothing new", async ({ serve }) => {
    const gate = new Gate();
    const slow = defineRoute({
      summary: "Take a moment",
      method: "get",
      path: "/slow",
      role: "read",
      status: 200,
      reply: z.strictObject({ done: z.literal(true) }),
      async handle() {
        await gate.passed();
        return { done: true as const };
      },
    });
    const api = await serve({ routes: { ...routes, slow } });
    const { links } = (await (await api.post("/jobs/parcel", { to: "mill" })).json()) as {
      links: { events: string };
    };
    const stream = await api.fetch(links.events);
    const asked = api.fetch("/slow");
    await gate.reached();

    const closed = api.close();
    gate.open();
    expect(await (await asked).json()).toEqual({ done: true });
    expect(await stream.text()).toContain("event: job");
    await closed;
    await expect(api.fetch("/health")).rejects.toThrow();
  });
});
