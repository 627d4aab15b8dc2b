import { Histogram, type Registry } from "prom-client";

export interface HttpMetrics {
  observe(method: string, route: string, status: number, seconds: number): void;
}

export function httpMetrics(registry: Registry): HttpMetrics {
  const seconds = new Histogram({
    name: "millrace_http_request_seconds",
    help: "Time to answer a request, by operation and status",
    labelNames: ["method", "route", "status"],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
    registers: [registry],
  });
  return {
    observe: (method, route, status, elapsed) =>
      seconds.observe({ method, route, status: String(status) }, elapsed),
  };
}
