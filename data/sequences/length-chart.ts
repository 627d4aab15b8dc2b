import type { Report } from "./report-document.ts";

type Histogram = Report["length_histogram"];

const BAR = 40;

/** The lengths of the sequences as bars of text. */
export function lengthBars(histogram: Histogram): string {
  const most = Math.max(1, ...histogram.map(({ admissions }) => admissions));
  const labels = histogram.map(({ from, to }) => `${from}–${to}`);
  const width = Math.max(0, ...labels.map((label) => label.length));
  return histogram
    .map(({ admissions }, index) => {
      const bar = "█".repeat(Math.ceil((admissions / most) * BAR));
      return `${(labels[index] ?? "").padStart(width)} ${bar} ${admissions.toLocaleString("en")}`;
    })
    .join("\n");
}

/** The same as a drawing. */
export function lengthSvg(histogram: Histogram): string {
  const step = 64;
  const height = 200;
  const most = Math.max(1, ...histogram.map(({ admissions }) => admissions));
  const bars = histogram.map(({ from, to, admissions }, index) => {
    const tall = Math.round((admissions / most) * height);
    const x = 20 + index * step;
    return `<rect x="${x}" y="${height + 30 - tall}" width="${step - 12}" height="${tall}" fill="#3b6ea5"/>
  <text x="${x + (step - 12) / 2}" y="${height + 46}">${from}–${to}</text>
  <text x="${x + (step - 12) / 2}" y="${height + 24 - tall}">${admissions}</text>`;
  });
  const width = 40 + histogram.length * step;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height + 60}" width="${width}" height="${height + 60}" font-family="sans-serif" font-size="11" text-anchor="middle">
  <title>Tokens an admission</title>
  ${bars.join("\n  ")}
</svg>
`;
}
