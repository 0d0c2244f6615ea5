/** Every call of the page, by name. */
import { ask, askBlob, askPage } from "@/api/client";
import type {
  Answer,
  DashboardSpec,
  DashboardSummary,
  Dimension,
  DimensionValue,
  Explanation,
  Format,
  Hit,
  Job,
  Load,
  LoadSummary,
  Metric,
  Paged,
  Question,
  Reject,
  Release,
  ReleaseItem,
  Shop,
  TableState,
} from "@/api/types";

const name = encodeURIComponent;

export const getShop = (signal?: AbortSignal): Promise<Shop> => ask("/shop", { ...(signal ? { signal } : {}) });
export const getMetrics = (): Promise<Metric[]> => ask("/metrics");
export const getDimensions = (): Promise<Dimension[]> => ask("/dimensions");
export const getValues = (dimension: string, search: string, signal: AbortSignal): Promise<DimensionValue[]> =>
  ask(`/dimensions/${name(dimension)}/values`, { params: { search, limit: 50 }, signal });

export const query = (question: Question, signal?: AbortSignal): Promise<Answer> =>
  ask("/metrics/query", { json: question, ...(signal ? { signal } : {}) });
export const queryFile = (question: Question, format: Format): Promise<Blob> =>
  askBlob("/metrics/query", { json: { ...question, format } });
export const explain = (question: Question, signal?: AbortSignal): Promise<Explanation> =>
  ask("/metrics/explain", { json: question, ...(signal ? { signal } : {}) });
export const rowsBehind = (
  question: Question,
  page: number,
  perPage: number,
  signal?: AbortSignal,
): Promise<Paged<Answer>> =>
  askPage("/metrics/rows", { json: { ...question, page, per_page: perPage }, ...(signal ? { signal } : {}) });
export const rowsFile = (question: Question, format: Format): Promise<Blob> =>
  askBlob("/metrics/rows", { json: { ...question, format } });

export const getDashboards = (): Promise<DashboardSummary[]> => ask("/dashboards");
export const getDashboard = (dashboard: string): Promise<DashboardSpec> => ask(`/dashboards/${name(dashboard)}`);
export const analyse = (
  analysis: string,
  params: Record<string, unknown>,
  signal?: AbortSignal,
): Promise<Answer> => ask(`/analyses/${name(analysis)}`, { json: params, ...(signal ? { signal } : {}) });
export const analyseFile = (analysis: string, params: Record<string, unknown>, format: Format): Promise<Blob> =>
  askBlob(`/analyses/${name(analysis)}`, { json: { ...params, format } });

export const getLoads = (): Promise<LoadSummary[]> => ask("/loads");
export const getLoad = (id: string): Promise<Load> => ask(`/loads/${name(id)}`);
export const getRejects = (id: string, page: number): Promise<Paged<Reject[]>> =>
  askPage(`/loads/${name(id)}/rejects`, { params: { page } });
export const rejectsFile = (id: string): Promise<Blob> =>
  askBlob(`/loads/${name(id)}/rejects`, { params: { format: "csv" } });
export const startLoad = (form: FormData): Promise<Job> => ask("/loads", { body: form });
export const startBuild = (): Promise<Job> => ask("/builds", { method: "POST" });
export const getReleases = (): Promise<ReleaseItem[]> => ask("/releases");
export const getRelease = (number: number): Promise<Release> => ask(`/releases/${number}`);
export const getJobs = (): Promise<Job[]> => ask("/jobs");
export const getJob = (id: string): Promise<Job> => ask(`/jobs/${name(id)}`);
export const cancelJob = (id: string): Promise<Job> => ask(`/jobs/${name(id)}/cancel`, { method: "POST" });
export const getTables = (): Promise<TableState[]> => ask("/tables");
export const search = (text: string, signal: AbortSignal): Promise<Hit[]> =>
  ask("/search", { params: { q: text }, signal });
