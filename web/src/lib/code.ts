/** The same question in other words: for Python, curl and the command line, so that what the page shows can be repeated. */
import type { Question } from "@/api/types";

interface Dates {
  start: string;
  end: string;
}

const quote = (text: string): string => `'${text.replace(/'/g, `'\\''`)}'`;
const python = (value: unknown): string => JSON.stringify(value);

function whereTexts(question: Question): string[] {
  return (question.where ?? []).map(({ dimension, op, values }) => {
    if (op === "is null" || op === "is not null") return `${dimension} ${op}`;
    if (op === "in" || op === "not in") return `${dimension} ${op} (${values.map((value) => `"${value}"`).join(", ")})`;
    return `${dimension}${op === "contains" ? "~" : op}${values[0] ?? ""}`;
  });
}

function compareText(question: Question): string | null {
  const compare = question.compare;
  if (!compare || compare === "none") return null;
  return typeof compare === "string" ? compare : `${compare.from}..${compare.to}`;
}

/** `tillsight query …`, one line that a shell takes as it is. */
export function commandLine(question: Question, dates: Dates): string {
  const parts = ["tillsight query", question.metrics.join(",")];
  if (question.by?.length) parts.push("--by", question.by.join(","));
  if (question.grain) parts.push("--grain", question.grain);
  parts.push("--from", dates.start, "--to", dates.end);
  for (const text of whereTexts(question)) parts.push("--where", quote(text));
  const compare = compareText(question);
  if (compare) parts.push("--compare", compare);
  if (question.sort?.length) parts.push(`--sort=${question.sort.join(",")}`);
  if (question.limit) parts.push("--limit", String(question.limit));
  if (question.others) parts.push("--others");
  if (question.as_of) parts.push("--as-of", question.as_of);
  return parts.join(" ");
}

export function pythonCode(question: Question, dates: Dates): string {
  const given: [string, unknown][] = [];
  if (question.by?.length) given.push(["by", question.by]);
  if (question.grain) given.push(["grain", question.grain]);
  given.push(["start", dates.start], ["end", dates.end]);
  const where = whereTexts(question);
  if (where.length) given.push(["where", where]);
  const compare = compareText(question);
  if (compare) given.push(["compare", compare]);
  if (question.sort?.length) given.push(["sort", question.sort]);
  if (question.limit) given.push(["limit", question.limit]);
  const flags = question.others ? ["    others=True,"] : [];
  const asOf = question.as_of ? [`    as_of=${python(question.as_of)},`] : [];
  return [
    "import tillsight",
    "",
    'answer = tillsight.open("shop").query(',
    `    ${python(question.metrics)},`,
    ...given.map(([name, value]) => `    ${name}=${python(value)},`),
    ...flags,
    ...asOf,
    ")",
    "answer.to_pandas()",
  ].join("\n");
}

export function curlCode(question: Question, origin: string): string {
  return [
    `curl --silent ${origin}/api/v1/metrics/query \\`,
    '  --header "Authorization: Bearer $TILLSIGHT_TOKEN" \\',
    "  --json " + quote(JSON.stringify(question)),
  ].join("\n");
}
