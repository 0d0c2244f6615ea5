import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

/** shared (lib, api, ui, panels, dashboards) → features → app; features do not import each other. */
const RANK: Record<string, number> = { lib: 0, api: 0, ui: 1, panels: 2, dashboards: 3, features: 4, app: 5 };

const root = fileURLToPath(new URL(".", import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
  (name) => /\.tsx?$/.test(name) && !name.endsWith(".test.ts") && name.includes("/"),
);
const importsOf = (file: string): string[] =>
  [...readFileSync(join(root, file), "utf8").matchAll(/(?:from|import\()\s*"@\/([^"]+)"/g)].map(
    (match) => match[1] ?? "",
  );

describe("the rooms of the page", () => {
  it("import only rooms before them", () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter((target) => (RANK[target.split("/")[0] ?? ""] ?? 9) > (RANK[file.split("/")[0] ?? ""] ?? -1))
        .map((target) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it("keep features apart", () => {
    const wrong = files
      .filter((file) => file.startsWith("features/"))
      .flatMap((file) =>
        importsOf(file)
          .filter((target) => target.startsWith("features/") && target.split("/")[1] !== file.split("/")[1])
          .map((target) => `${relative(root, file)} imports ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  it("keep the charts out of what every page loads", () => {
    const loud = files.filter(
      (file) =>
        file !== "panels/Chart.tsx" && /import (?!type)[^;]*"echarts/.test(readFileSync(join(root, file), "utf8")),
    );
    expect(loud).toEqual([]);
  });
});
