/** What the data pages share: states in words, links to loads, releases and jobs, checks, the way back. */
import type { CheckResult, ChecksSummary, LoadSummary } from "@/api/types";
import styles from "@/features/data/data.module.css";
import { Badge, type Tone } from "@/ui/Parts";
import { PageLink } from "@/ui/PageLink";

const LOAD_TONES: Record<LoadSummary["state"], Tone> = {
  staged: "neutral",
  committed: "good",
  failed: "bad",
  withdrawn: "warning",
};

export const LoadBadge = ({ state }: { state: LoadSummary["state"] }) => (
  <Badge tone={LOAD_TONES[state]}>{state === "committed" ? "landed" : state}</Badge>
);

export function ChecksBadge({ checks }: { checks: ChecksSummary }) {
  if (checks.failed) return <Badge tone="bad">{`${checks.failed} of ${checks.total} failed`}</Badge>;
  if (checks.warned) return <Badge tone="warning">{`${checks.warned} of ${checks.total} warned`}</Badge>;
  return <Badge tone="good">{`${checks.passed} passed`}</Badge>;
}

const CHECK_TONES: Record<CheckResult["state"], Tone> = { passed: "good", failed: "bad", warned: "warning" };

/** Checks, those to look at first; the others on request. */
export function Checks({ checks }: { checks: CheckResult[] }) {
  const passed = checks.filter((check) => check.state === "passed");
  const failed = checks.filter((check) => check.state === "failed");
  const warned = checks.filter((check) => check.state === "warned");
  return (
    <>
      <CheckList checks={[...failed, ...warned]} />
      <details className={styles.details}>
        <summary>{passed.length} passed</summary>
        <CheckList checks={passed} />
      </details>
    </>
  );
}

function CheckList({ checks }: { checks: CheckResult[] }) {
  return (
    <ul className={styles.checks}>
      {checks.map((check) => (
        <li key={check.name}>
          <span>
            <Badge tone={CHECK_TONES[check.state]}>{check.state}</Badge>
          </span>
          <span>{check.title}</span>
          <small>{[check.text, dependants(check)].filter(Boolean).join(" · ")}</small>
        </li>
      ))}
    </ul>
  );
}

function dependants(check: CheckResult): string {
  const names = check.relations.map((name) => name.replaceAll("_", " ")).join(", ");
  if (!names) return "";
  return check.state === "passed" ? `bears on ${names}` : `numbers made from ${names} depend on it`;
}

export function Back() {
  return (
    <div className={styles.back}>
      <PageLink path="/data">Data</PageLink>
    </div>
  );
}

/** The name of a load: its files. */
export const loadTitle = (load: LoadSummary): string => {
  const [first, ...others] = load.files.map((file) => file.name);
  return first ? (others.length ? `${first} and ${others.length} more` : first) : load.id;
};
