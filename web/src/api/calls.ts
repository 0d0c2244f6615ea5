/** Every call of the page, by name. */
import { client, dataOf, fileOf, pageOf } from "@/api/client";
import type { Answer, DashboardSpec, Format, Paged, Question, ViewQuestion } from "@/api/types";

export const getShop = (signal: AbortSignal) => dataOf(client.GET("/api/v1/shop", { signal }));
export const getMetrics = () => dataOf(client.GET("/api/v1/metrics"));
export const getDimensions = () => dataOf(client.GET("/api/v1/dimensions"));
export const getValues = (name: string, search: string, signal: AbortSignal) =>
  dataOf(client.GET("/api/v1/dimensions/{name}/values", { params: { path: { name }, query: { search } }, signal }));

export const query = (question: Question, signal: AbortSignal): Promise<Answer> =>
  dataOf(client.POST("/api/v1/metrics/query", { body: question, signal }));
export const queryFile = (question: Question, format: Format): Promise<Blob> =>
  fileOf(client.POST("/api/v1/metrics/query", { body: { ...question, format }, parseAs: "blob" }));
export const explain = (question: Question, signal: AbortSignal) =>
  dataOf(client.POST("/api/v1/metrics/explain", { body: question, signal }));
export const rowsBehind = (
  question: Question,
  page: number,
  perPage: number,
  signal: AbortSignal,
): Promise<Paged<Answer>> =>
  pageOf(client.POST("/api/v1/metrics/rows", { body: { ...question, page, per_page: perPage }, signal }));
export const rowsFile = (question: Question, format: Format): Promise<Blob> =>
  fileOf(client.POST("/api/v1/metrics/rows", { body: { ...question, format }, parseAs: "blob" }));

export const getDashboards = () => dataOf(client.GET("/api/v1/dashboards"));
/** The client makes lists of pairs and single names; the cast gives their lengths back. */
export const getDashboard = (name: string) =>
  dataOf(client.GET("/api/v1/dashboards/{name}", { params: { path: { name } } })) as Promise<DashboardSpec>;
export const analyse = (name: string, view: ViewQuestion, signal: AbortSignal): Promise<Answer> =>
  dataOf(client.POST("/api/v1/analyses/{name}", { params: { path: { name } }, body: view, signal }));
export const analyseFile = (name: string, view: ViewQuestion, format: Format): Promise<Blob> =>
  fileOf(
    client.POST("/api/v1/analyses/{name}", { params: { path: { name } }, body: { ...view, format }, parseAs: "blob" }),
  );

export const getLoads = () => dataOf(client.GET("/api/v1/loads"));
export const getLoad = (load_id: string) =>
  dataOf(client.GET("/api/v1/loads/{load_id}", { params: { path: { load_id } } }));
export const getRejects = (load_id: string, page: number) =>
  pageOf(client.GET("/api/v1/loads/{load_id}/rejects", { params: { path: { load_id }, query: { page } } }));
export const rejectsFile = (load_id: string): Promise<Blob> =>
  fileOf(
    client.GET("/api/v1/loads/{load_id}/rejects", {
      params: { path: { load_id }, query: { format: "csv" } },
      parseAs: "blob",
    }),
  );
export const startLoad = (form: FormData) =>
  // The description has the form's fields, the request has the form itself.
  dataOf(client.POST("/api/v1/loads", { body: { files: [] }, bodySerializer: () => form }));
export const startBuild = () => dataOf(client.POST("/api/v1/builds"));

export const getReleases = () => dataOf(client.GET("/api/v1/releases"));
export const getRelease = (number: number) =>
  dataOf(client.GET("/api/v1/releases/{number}", { params: { path: { number } } }));
export const getJobs = () => dataOf(client.GET("/api/v1/jobs"));
export const getJob = (job_id: string) => dataOf(client.GET("/api/v1/jobs/{job_id}", { params: { path: { job_id } } }));
export const cancelJob = (job_id: string) =>
  dataOf(client.POST("/api/v1/jobs/{job_id}/cancel", { params: { path: { job_id } } }));
export const getTables = () => dataOf(client.GET("/api/v1/tables"));
export const search = (q: string, signal: AbortSignal) =>
  dataOf(client.GET("/api/v1/search", { params: { query: { q } }, signal }));
