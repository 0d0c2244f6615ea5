import { describe, expect, it } from "vitest";
import type { Question } from "@/api/types";
import { commandLine, curlCode, pythonCode } from "@/lib/code";

const question: Question = {
  metrics: ["revenue", "orders"],
  by: ["country"],
  grain: "month",
  period: "last_year",
  where: [
    { dimension: "country", op: "in", values: ["France", "Côte d'Ivoire"] },
    { dimension: "product", op: "contains", values: ["lamp"] },
    { dimension: "brand", op: "is null", values: [] },
  ],
  compare: "previous",
  sort: ["-revenue"],
  limit: 10,
  others: true,
};
const dates = { start: "2010-01-01", end: "2010-12-31" };

describe("the same question elsewhere", () => {
  it("is one line that a shell takes", () => {
    expect(commandLine(question, dates)).toBe(
      "tillsight query revenue,orders --by country --grain month --from 2010-01-01 --to 2010-12-31 " +
        `--where 'country in ("France", "Côte d'\\''Ivoire")' --where 'product~lamp' --where 'brand is null' ` +
        "--compare previous --sort=-revenue --limit 10 --others",
    );
  });

  it("writes own days to compare with as a span", () => {
    const own = { metrics: ["revenue"], compare: { from: "2009-01-01", to: "2009-12-31" } };
    expect(commandLine(own, dates)).toContain("--compare 2009-01-01..2009-12-31");
  });

  it("is Python with the names of the library", () => {
    const code = pythonCode(question, dates);
    expect(code).toContain('["revenue","orders"],');
    expect(code).toContain('start="2010-01-01",');
    expect(code).toContain("others=True,");
  });

  it("is a call that carries the question as it was asked", () => {
    const code = curlCode({ metrics: ["revenue"] }, "http://127.0.0.1:8300");
    expect(code).toContain("http://127.0.0.1:8300/api/v1/metrics/query");
    expect(code).toContain(`--json '{"metrics":["revenue"]}'`);
  });
});
