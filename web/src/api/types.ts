/** What the API gives and takes. */
import type { Grain, Span } from "@/lib/days";
import type { AskedFilter } from "@/lib/where";
import type { NamedPeriod } from "@/lib/view";

export interface User {
  name: string;
  role: string;
}

export interface Session {
  access_token: string;
  token_type: string;
  expires_in: number;
  user: User;
}

export interface ChecksSummary {
  passed: number;
  failed: number;
  warned: number;
  total: number;
}

export interface ReleaseSummary {
  number: number;
  published_at: string | null;
  known_to: string | null;
  data_from: string | null;
  data_to: string | null;
  checks: ChecksSummary;
}

export interface DomainState {
  name: string;
  title: string;
  has_data: boolean;
  waiting_for: string[];
}

export interface Shop {
  name: string;
  shop_id: string;
  currency: string;
  minor_units: number;
  timezone: string;
  locale: string;
  week_start: string;
  preset: string;
  today: string;
  periods: NamedPeriod[];
  grains: Grain[];
  release: ReleaseSummary | null;
  tables: Record<string, number>;
  domains: DomainState[];
}

export type Better = "up" | "down" | "" | null;

export interface Metric {
  name: string;
  title: string;
  domain: string;
  unit: string;
  better: Better;
  total: string;
  formula: string;
  basis: string;
  dimensions: string[];
  grains: Grain[];
  available: boolean;
  missing: string[];
  /** Dimensions that a cut must have. */
  requires: string[];
}

export interface Dimension {
  name: string;
  title: string;
  type: string;
  description: string;
  /** Words for 0, 1, 2 … */
  labels: string[];
}

export interface DimensionValue {
  value: string | number | null;
  count: number;
}

export interface Question {
  metrics: string[];
  by?: string[];
  grain?: Grain;
  from?: string;
  to?: string;
  period?: string;
  where?: AskedFilter[];
  compare?: "none" | "previous" | "last_year" | { from: string; to: string };
  sort?: string[];
  limit?: number;
  offset?: number;
  others?: boolean;
  as_of?: string;
}

export type Format = "csv" | "xlsx" | "parquet";

export interface Column {
  name: string;
  title: string;
  kind: "dimension" | "time" | "metric" | "compare" | "change" | "change_rate" | "plain";
  metric?: string | null;
  unit?: string | null;
  better?: Better;
  currency?: string | null;
  /** Words for 0, 1, 2 … */
  labels?: string[] | null;
}

export type Cell = string | number | boolean | null;
export type Row = Record<string, Cell>;

export interface Bucket extends Span {
  label: string;
  partial: boolean;
}

export interface Note {
  level: "info" | "warning";
  text: string;
}

export interface Answer {
  columns: Column[];
  rows: Row[];
  totals: Row | null;
  row_count: number;
  period: (Span & { title?: string | null }) | null;
  compare_period: (Span & { title?: string | null }) | null;
  buckets: Bucket[] | null;
  notes: Note[];
  sentences: Sentence[];
  release: number | null;
  as_of: string | null;
  sources: string[];
  currency: string | null;
}

export interface CheckResult {
  name: string;
  title: string;
  state: "passed" | "failed" | "warned";
  text: string;
  table: string;
  relations: string[];
}

export interface Explanation {
  metric: Metric;
  value: Cell;
  period: Span | null;
  steps: { name: string; title: string; value: Cell; unit: string }[];
  formula: string;
  basis: string;
  sql: string[];
  sources: { table: string; title: string; rows: number; known_to: string | null }[];
  release: { number: number; published_at: string | null };
  freshness: { data_to: string | null; published_at: string | null };
  checks: CheckResult[];
  notes: Note[];
}

export interface Sentence {
  text: string;
  tone: "good" | "bad" | "neutral";
  metric?: string | null;
}


interface PanelBase {
  id: string;
  title: string;
  span: number;
  height: number | null;
  note: string | null;
}

export interface AnalysisPanelSpec extends PanelBase {
  kind: "headline" | "insights";
  analysis: string;
}

export interface KpiPanelSpec extends PanelBase {
  kind: "kpi";
  metrics: [string];
  sparkline: boolean;
}

export interface SeriesPanelSpec extends PanelBase {
  kind: "line" | "bar" | "area" | "combo";
  metrics: string[];
  by: string[];
  grain: Grain | "auto" | null;
  stacked: boolean;
  limit: number;
}

export interface RankPanelSpec extends PanelBase {
  kind: "rank" | "share";
  metrics: [string];
  by: [string];
  limit: number;
  others: boolean;
}

export interface TablePanelSpec extends PanelBase {
  kind: "table";
  metrics: string[];
  by: string[];
  grain: Grain | null;
  sort: string[];
  limit: number;
  bars: string[];
}

export interface HeatmapPanelSpec extends PanelBase {
  kind: "heatmap";
  metrics: [string];
  by: [string, string];
}

export interface CumulativePanelSpec extends PanelBase {
  kind: "cumulative";
  metrics: [string];
}

export interface BridgePanelSpec extends PanelBase {
  kind: "bridge";
  metrics: string[];
  totals: string[];
  minus: string[];
}

export type PanelSpec =
  | AnalysisPanelSpec
  | KpiPanelSpec
  | SeriesPanelSpec
  | RankPanelSpec
  | TablePanelSpec
  | HeatmapPanelSpec
  | CumulativePanelSpec
  | BridgePanelSpec;

export interface DashboardSummary {
  name: string;
  title: string;
  domain: string;
  purpose: string;
  path: string;
}

export interface DashboardSpec extends DashboardSummary {
  panels: PanelSpec[];
}

export interface LoadClass {
  class: string;
  rows: number;
  money: Cell;
}

export interface LoadFile {
  name: string;
  bytes: number;
  sha256: string;
  format: string | null;
  encoding: string | null;
  delimiter: string | null;
  mapping: string | null;
  rows_read: number;
  rows_rejected: number;
  columns_unmapped: string[];
  classes: LoadClass[];
}

export interface LoadSummary {
  id: string;
  source: string;
  state: "staged" | "committed" | "failed" | "withdrawn";
  known_at: string;
  created_at: string;
  created_by: string | null;
  started_at: string | null;
  finished_at: string | null;
  seconds: number | null;
  rows_read: number;
  rows_rejected: number;
  files: LoadFile[];
}

export interface Load extends LoadSummary {
  digest: string | null;
  code_version: string | null;
  tables: Record<string, { rows: number; file: string; time_from: string | null; time_to: string | null }>;
  replaces: Record<string, string | null>[];
}

export interface Reject {
  file: string | null;
  line: number | null;
  table: string | null;
  column: string | null;
  value: string | null;
  reason: string;
  row: string | null;
}

export interface Paged<T> {
  data: T;
  page: number;
  per_page: number;
  total: number;
}

export interface ReleaseTable {
  name: string;
  title: string;
  rows: number;
  bytes: number | null;
  kind: "canonical" | "derived";
  known_to: string | null;
}

export interface ReleaseItem extends ReleaseSummary {
  current: boolean;
  kind: "current" | "as_of";
  as_of: string | null;
  bytes: number;
  seconds: number;
}

export interface Release extends ReleaseItem {
  tables: ReleaseTable[];
  check_results: CheckResult[];
  loads: string[];
  steps: Record<string, number>;
}

export type JobState = "queued" | "running" | "done" | "failed" | "cancelled";

export interface Job {
  id: string;
  kind: string;
  title: string;
  state: JobState;
  progress: number | null;
  stage: string;
  created_by: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  attempts: number;
  log: { at: string; text: string }[];
  result: Record<string, unknown> | null;
  error: string | null;
}

export interface TableState {
  name: string;
  title: string;
  domain: string;
  grain: string;
  key: string[];
  time: string | null;
  rows: number;
  known_to: string | null;
  time_from: string | null;
  time_to: string | null;
  columns: { name: string; type: string; unit: string | null; description: string; required: boolean; personal: boolean }[];
}

export interface Hit {
  kind: "page" | "metric" | "product" | "customer" | "order" | "dimension";
  title: string;
  subtitle: string | null;
  path: string;
}
