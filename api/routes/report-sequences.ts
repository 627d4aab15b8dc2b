import { ReportDocument } from "../../data/sequences/report-document.ts";
import { defineRoute } from "../define-route.ts";

export const reportSequences = defineRoute({
  summary: "What the last build read, dropped and doubted, and how long its sequences are",
  method: "get",
  path: "/sequences/report",
  role: "read",
  withoutRedis: true,
  status: 200,
  reply: ReportDocument,
  async handle({ lake }) {
    const { makeReport } = await import("../../data/sequences/report.ts");
    return makeReport(lake);
  },
});
