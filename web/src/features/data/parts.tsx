/** What the data pages share: states in words, links to loads, releases and jobs, checks, the way back. */
import type { CheckResult, ChecksSummary, JobState, LoadSummary } from "@/api/types";
import { useShop } from "@/api/shop";
import styles from "@/features/data/data.module.css";
import { Badge, type Tone } from "@/ui/Parts";
import { PageLink } from "@/ui/PageLink";

const JOB_TONES: Record<JobState, Tone> = {
  queued: "neutral",
  running: "accent",
  done: "good",
  failed: "bad",
  cancelled: "warning",
};

export const JobBadge = ({ state }: { state: JobState }) => <Badge tone={JOB_TONES[state]}>{state}</Badge>;

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
const CHECK_ORDER: CheckResult["state"][] = ["failed", "warned", "passed"];

/** Checks, those to look at first, each with what depends on it: the metrics that read its relations. */
export function Checks({ checks }: { checks: CheckResult[] }) {
  const { metrics } = useShop();
  const sorted = [...checks].sort((a, b) => CHECK_ORDER.indexOf(a.state) - CHECK_ORDER.indexOf(b.state));
  return (
    <ul className={styles.checks}>
      {sorted.map((check) => (
        <li key={check.name}>
          <span>
            <Badge tone={CHECK_TONES[check.state]}>{check.state}</Badge>
          </span>
          <span>{check.title}</span>
          <small>
            {[check.text, dependants(check, metrics.size)].filter(Boolean).join(" · ")}
          </small>
        </li>
      ))}
    </ul>
  );
}

function dependants(check: CheckResult, all: number): string {
  if (!check.relations.length) return "";
  const names = check.relations.map((name) => name.replaceAll("_", " "));
  return check.state === "passed" || !all ? `bears on ${names.join(", ")}` : `numbers made from ${names.join(", ")} depend on it`;
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
