/** How each call is kept: its key and how long it stays fresh. An answer is good for as long as its release is. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import * as calls from "@/api/calls";
import { signInOptions } from "@/api/session";
import type {
  AuditWanted,
  Job,
  PersonIdentifier,
  Question,
  ReturnsWanted,
  ViewQuestion,
} from "@/api/types";

const RELEASE = Infinity;

export const shopQuery = queryOptions({
  queryKey: ["shop"],
  queryFn: ({ signal }) => calls.getShop(signal),
  staleTime: 30_000,
  refetchInterval: 60_000,
});

export const metricsQuery = queryOptions({ queryKey: ["metrics"], queryFn: calls.getMetrics, staleTime: 60_000 });
export const dimensionsQuery = queryOptions({
  queryKey: ["dimensions"],
  queryFn: calls.getDimensions,
  staleTime: 60_000,
});
export const dashboardsQuery = queryOptions({
  queryKey: ["dashboards"],
  queryFn: calls.getDashboards,
  staleTime: RELEASE,
});
export const dashboardQuery = (dashboard: string) =>
  queryOptions({
    queryKey: ["dashboard", dashboard],
    queryFn: () => calls.getDashboard(dashboard),
    staleTime: RELEASE,
  });

export const answerQuery = (release: number | null, question: Question) =>
  queryOptions({
    queryKey: ["answer", release, question],
    queryFn: ({ signal }) => calls.query(question, signal),
    staleTime: RELEASE,
    placeholderData: keepPreviousData,
  });

export const explainQuery = (release: number | null, question: Question) =>
  queryOptions({
    queryKey: ["explain", release, question],
    queryFn: ({ signal }) => calls.explain(question, signal),
    staleTime: RELEASE,
    placeholderData: keepPreviousData,
  });

export const rowsQuery = (release: number | null, question: Question, page: number, perPage: number) =>
  queryOptions({
    queryKey: ["rows", release, question, page, perPage],
    queryFn: ({ signal }) => calls.rowsBehind(question, page, perPage, signal),
    staleTime: RELEASE,
    placeholderData: keepPreviousData,
  });

export const analysisQuery = (
  release: number | null,
  analysis: string,
  view: ViewQuestion,
  params: Record<string, string | number> = {},
) =>
  queryOptions({
    queryKey: ["analysis", release, analysis, view, params],
    queryFn: ({ signal }) => calls.analyse(analysis, view, params, signal),
    staleTime: RELEASE,
    placeholderData: keepPreviousData,
  });

export const rulesQuery = queryOptions({ queryKey: ["segment rules"], queryFn: calls.getRules, staleTime: 60_000 });
export const customerQuery = (release: number | null, id: string, preset: string | undefined) =>
  queryOptions({
    queryKey: ["customer", release, id, preset],
    queryFn: () => calls.getCustomer(id, preset),
    staleTime: RELEASE,
  });

export const goalsQuery = queryOptions({ queryKey: ["goals"], queryFn: calls.getGoals });
export const goalChangesQuery = (id: number) =>
  queryOptions({ queryKey: ["goals", id, "changes"], queryFn: () => calls.getGoalChanges(id) });

export const loadsQuery = queryOptions({ queryKey: ["loads"], queryFn: calls.getLoads });
export const loadQuery = (id: string) => queryOptions({ queryKey: ["loads", id], queryFn: () => calls.getLoad(id) });
export const rejectsQuery = (id: string, page: number) =>
  queryOptions({
    queryKey: ["loads", id, "rejects", page],
    queryFn: () => calls.getRejects(id, page),
    placeholderData: keepPreviousData,
  });
export const releasesQuery = queryOptions({ queryKey: ["releases"], queryFn: calls.getReleases });
export const releaseQuery = (number: number) =>
  queryOptions({ queryKey: ["releases", number], queryFn: () => calls.getRelease(number) });
export const tablesQuery = queryOptions({ queryKey: ["tables"], queryFn: calls.getTables, staleTime: 60_000 });

export const isActive = (job: Pick<Job, "state">): boolean => job.state === "queued" || job.state === "running";

export const jobsQuery = queryOptions({
  queryKey: ["jobs"],
  queryFn: calls.getJobs,
  refetchInterval: (kept) => (kept.state.data?.some(isActive) ? 2_000 : 30_000),
});
export const jobQuery = (id: string) =>
  queryOptions({
    queryKey: ["jobs", id],
    queryFn: () => calls.getJob(id),
    refetchInterval: (kept) => (kept.state.data && !isActive(kept.state.data) ? false : 1_000),
  });

export const ownSessionsQuery = queryOptions({ queryKey: ["own sessions"], queryFn: calls.getOwnSessions });
export const factorQuery = queryOptions({ queryKey: ["factor"], queryFn: calls.getFactor });
/** How one signs in here, and whether links are sent by mail. */
export const optionsQuery = queryOptions({ queryKey: ["sign-in options"], queryFn: signInOptions, staleTime: 60_000 });
export const usersQuery = queryOptions({ queryKey: ["users"], queryFn: calls.getUsers });
export const modulesQuery = queryOptions({ queryKey: ["modules"], queryFn: calls.getModules, staleTime: RELEASE });
export const sessionsQuery = (user: number) =>
  queryOptions({ queryKey: ["sessions", user], queryFn: () => calls.getSessionsOf(user) });
export const keysQuery = (all: boolean) => queryOptions({ queryKey: ["keys", all], queryFn: () => calls.getKeys(all) });

export const backupsQuery = queryOptions({
  queryKey: ["backups"],
  queryFn: calls.getBackups,
  refetchInterval: (kept) => (kept.state.data?.running ? 2_000 : 60_000),
});
export const secretsQuery = queryOptions({ queryKey: ["secrets"], queryFn: calls.getSecrets });

export const auditQuery = (wanted: AuditWanted, page: number) =>
  queryOptions({
    queryKey: ["audit", wanted, page],
    queryFn: () => calls.getAudit(wanted, page),
    placeholderData: keepPreviousData,
  });
export const auditActionsQuery = queryOptions({ queryKey: ["audit", "actions"], queryFn: calls.getAuditActions });
export const previewQuery = (person: PersonIdentifier) =>
  queryOptions({ queryKey: ["privacy", "preview", person], queryFn: () => calls.previewPerson(person) });
export const consentsQuery = (person: PersonIdentifier) =>
  queryOptions({ queryKey: ["privacy", "consents", person], queryFn: () => calls.getConsents(person) });
export const erasuresQuery = queryOptions({ queryKey: ["privacy", "erasures"], queryFn: calls.getErasures });
export const retentionQuery = queryOptions({ queryKey: ["privacy", "retention"], queryFn: calls.getRetention });

export const deskWordsQuery = queryOptions({ queryKey: ["desk", "words"], queryFn: calls.getDeskWords, staleTime: 300_000 });
export const returnBoardQuery = queryOptions({
  queryKey: ["desk", "board"],
  queryFn: calls.getReturnBoard,
  refetchInterval: 60_000,
});
export const returnsQuery = (wanted: ReturnsWanted, page: number, perPage: number) =>
  queryOptions({
    queryKey: ["desk", "list", wanted, page, perPage],
    queryFn: ({ signal }) => calls.getReturns(wanted, page, perPage, signal),
    placeholderData: keepPreviousData,
  });
export const ordersFoundQuery = (search: string) =>
  queryOptions({
    queryKey: ["desk", "orders", search],
    queryFn: ({ signal }) => calls.findOrders(search, signal),
    enabled: search.trim().length > 1,
    placeholderData: keepPreviousData,
  });
export const returnableOrderQuery = (order: string) =>
  queryOptions({ queryKey: ["desk", "order", order], queryFn: () => calls.getReturnableOrder(order), staleTime: 0 });
/** A photo never changes; it is kept as long as the page is open. */
export const returnPhotoQuery = (id: string, photo: number) =>
  queryOptions({
    queryKey: ["photo", id, photo],
    queryFn: () => calls.getReturnPhoto(id, photo),
    staleTime: Infinity,
  });
export const returnMeasuresQuery = queryOptions({ queryKey: ["measures"], queryFn: calls.getReturnMeasures });
export const measureEffectQuery = (release: number | null, measure: number) =>
  queryOptions({
    queryKey: ["measures", measure, "effect", release],
    queryFn: () => calls.getMeasureEffect(measure),
    staleTime: RELEASE,
    enabled: release !== null,
  });
export const returnQuery = (id: string) =>
  queryOptions({ queryKey: ["desk", "return", id], queryFn: () => calls.getReturn(id), staleTime: 0 });
