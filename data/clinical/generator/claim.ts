import type { Random } from "./random.ts";
import { concept, localTime, to } from "./shapes.ts";
import type { Term } from "./vocabulary.ts";

/**
 * The bill of a visit. Nothing reads it; in Coherent such resources are most of a bundle's bytes, and a reader is
 * measured by how fast it passes over them.
 */
export function makeClaims(random: Random, visit: string, patient: string, type: Term, at: number) {
  const created = localTime(at);
  const claim = {
    resourceType: "Claim",
    id: random.uuid(),
    status: "active",
    type: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/claim-type", code: "institutional" }] },
    use: "claim",
    patient: to(patient),
    billablePeriod: { start: created, end: created },
    created,
    priority: { coding: [{ code: "normal" }] },
    item: [{ sequence: 1, productOrService: concept(type), encounter: [to(visit)] }],
    total: { value: random.between(80, 900, 2), currency: "USD" },
  };
  const adjudication = Array.from({ length: 6 }, (_, position) => ({
    category: {
      coding: [
        {
          system: "https://bluebutton.cms.gov/resources/codesystem/adjudication",
          code: `https://bluebutton.cms.gov/resources/variables/line_${position}_amt`,
          display: "Line amount of the claim as it was decided",
        },
      ],
    },
    amount: { value: random.between(0, 500, 2), currency: "USD" },
  }));
  const benefit = {
    resourceType: "ExplanationOfBenefit",
    id: random.uuid(),
    contained: [
      {
        resourceType: "ServiceRequest",
        id: "referral",
        status: "completed",
        intent: "order",
        subject: to(patient),
      },
      { resourceType: "Coverage", id: "coverage", status: "active", type: { text: "Private" } },
    ],
    status: "active",
    use: "claim",
    patient: to(patient),
    billablePeriod: { start: created, end: created },
    created,
    claim: to(claim.id),
    outcome: "complete",
    item: Array.from({ length: 9 }, (_, position) => ({
      sequence: position + 1,
      category: concept(
        ["1", "Medical care"],
        "https://bluebutton.cms.gov/resources/variables/line_cms_type_srvc_cd",
      ),
      productOrService: concept(type),
      servicedPeriod: { start: created, end: created },
      locationCodeableConcept: concept(["19", "Off Campus-Outpatient Hospital"], "https://example.org/place"),
      encounter: [to(visit)],
      adjudication,
    })),
    total: [{ category: { text: "submitted" }, amount: { value: claim.total.value, currency: "USD" } }],
    payment: { amount: { value: claim.total.value, currency: "USD" } },
  };
  return [claim, benefit];
}
