/** Every call of the page, by name. */
import { client, dataOf, fileOf, pageOf } from "@/api/client";
import type {
  Access,
  Answer,
  AuditWanted,
  BulkWanted,
  Consent,
  DashboardSpec,
  Erasure,
  ExchangeWanted,
  Format,
  Goal,
  GoalDraft,
  InspectionWanted,
  Invitation,
  MeasureDraft,
  Paged,
  PersonIdentifier,
  Purpose,
  Question,
  RefundWanted,
  ReturnDetails,
  ReturnWanted,
  ReturnsWanted,
  RuleSetDraft,
  StepWanted,
  ViewQuestion,
} from "@/api/types";

type Params = Record<string, string | number>;

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
/** `params`: what the analysis takes besides days and filters. */
export const analyse = (name: string, view: ViewQuestion, params: Params, signal: AbortSignal): Promise<Answer> =>
  dataOf(client.POST("/api/v1/analyses/{name}", { params: { path: { name } }, body: { ...view, ...params }, signal }));
export const analyseFile = (name: string, view: ViewQuestion, format: Format, params: Params = {}): Promise<Blob> =>
  fileOf(
    client.POST("/api/v1/analyses/{name}", {
      params: { path: { name } },
      body: { ...view, ...params, format },
      parseAs: "blob",
    }),
  );

export const getRules = () => dataOf(client.GET("/api/v1/segments/rules"));
export const previewRules = (rules: RuleSetDraft, view: ViewQuestion, signal: AbortSignal) =>
  dataOf(client.POST("/api/v1/segments/preview", { body: { ...view, rules }, signal }));
export const keepRules = (rules: RuleSetDraft, version: number | null) =>
  version === null
    ? dataOf(client.POST("/api/v1/segments/rules", { body: rules }))
    : dataOf(
        client.PUT("/api/v1/segments/rules/{name}", {
          params: { path: { name: rules.name } },
          body: { ...rules, version },
        }),
      );
export const removeRules = (name: string) =>
  dataOf(client.DELETE("/api/v1/segments/rules/{name}", { params: { path: { name } } }));
export const getCustomer = (customer_id: string, preset: string | undefined) =>
  dataOf(
    client.GET("/api/v1/customers/{customer_id}", {
      params: { path: { customer_id }, query: preset ? { preset } : {} },
    }),
  );
export const audienceFile = (
  view: ViewQuestion,
  asked: { preset?: string | undefined; segment?: string; search?: string; at_risk?: boolean; purpose: Purpose },
): Promise<Blob> =>
  fileOf(
    client.GET("/api/v1/segments/audience", {
      params: {
        query: {
          purpose: asked.purpose,
          format: "csv",
          segment: asked.segment ?? "",
          search: asked.search ?? "",
          ...(asked.at_risk ? { at_risk: true } : {}),
          ...(asked.preset ? { preset: asked.preset } : {}),
          ...(view.period ? { period: view.period } : {}),
          ...(view.from ? { from: view.from } : {}),
          ...(view.to ? { to: view.to } : {}),
          ...(view.as_of ? { as_of: view.as_of } : {}),
          where: view.where.map(({ dimension, op, values }) =>
            op.startsWith("is") ? `${dimension} ${op}` : `${dimension} ${op === "contains" ? "~" : op} ${listOf(op, values)}`,
          ),
        },
      },
      parseAs: "blob",
    }),
  );
const listOf = (op: string, values: string[]): string =>
  op === "in" || op === "not in" ? `(${values.map((value) => `"${value}"`).join(", ")})` : `"${values[0] ?? ""}"`;

const goal = (goal_id: number) => ({ params: { path: { goal_id } } });
export const getGoals = () => dataOf(client.GET("/api/v1/goals"));
export const getGoalChanges = (id: number) => dataOf(client.GET("/api/v1/goals/{goal_id}/changes", goal(id)));
/** A new goal, or other terms in place of those of the version that was seen. */
export const keepGoal = (body: GoalDraft, seen: Goal | null) =>
  seen === null
    ? dataOf(client.POST("/api/v1/goals", { body }))
    : dataOf(client.PUT("/api/v1/goals/{goal_id}", { ...goal(seen.id), body: { ...body, version: seen.version } }));
export const removeGoal = ({ id, version }: Goal) =>
  dataOf(client.DELETE("/api/v1/goals/{goal_id}", { params: { path: { goal_id: id }, query: { version } } }));
export const restoreGoal = (id: number) => dataOf(client.POST("/api/v1/goals/{goal_id}/restore", goal(id)));

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

const auth = "/api/v1/auth";
export const changePassword = (current: string, password: string) =>
  dataOf(client.POST(`${auth}/password`, { body: { current, password } }));
export const getOwnSessions = () => dataOf(client.GET(`${auth}/sessions`));
export const endOwnSession = (session_id: string) =>
  dataOf(client.DELETE(`${auth}/sessions/{session_id}`, { params: { path: { session_id } } }));
export const endOwnSessions = (others: boolean) =>
  dataOf(client.DELETE(`${auth}/sessions`, { params: { query: { others } } }));
export const getFactor = () => dataOf(client.GET(`${auth}/factor`));
export const beginFactor = (password: string) => dataOf(client.POST(`${auth}/factor`, { body: { password } }));
export const confirmFactor = (code: string) => dataOf(client.POST(`${auth}/factor/confirm`, { body: { code } }));
export const renewCodes = (password: string) => dataOf(client.POST(`${auth}/factor/codes`, { body: { password } }));
export const removeFactor = (password: string) => dataOf(client.POST(`${auth}/factor/remove`, { body: { password } }));

const user = (user_id: number) => ({ params: { path: { user_id } } });
export const getUsers = () => dataOf(client.GET("/api/v1/users"));
export const getModules = () => dataOf(client.GET("/api/v1/users/modules"));
export const inviteUser = (body: Invitation) => dataOf(client.POST("/api/v1/users", { body }));
export const changeUser = (id: number, body: Access) =>
  dataOf(client.PATCH("/api/v1/users/{user_id}", { ...user(id), body }));
export const removeUser = (id: number) => dataOf(client.DELETE("/api/v1/users/{user_id}", user(id)));
export const makeLink = (id: number, by_mail: boolean) =>
  dataOf(client.POST("/api/v1/users/{user_id}/link", { ...user(id), body: { by_mail } }));
export const dropFactor = (id: number) => dataOf(client.POST("/api/v1/users/{user_id}/factor/remove", user(id)));
export const getSessionsOf = (id: number) => dataOf(client.GET("/api/v1/users/{user_id}/sessions", user(id)));
export const endSessionsOf = (id: number) => dataOf(client.DELETE("/api/v1/users/{user_id}/sessions", user(id)));
export const endSessionOf = (user_id: number, session_id: string) =>
  dataOf(
    client.DELETE("/api/v1/users/{user_id}/sessions/{session_id}", { params: { path: { user_id, session_id } } }),
  );

export const getKeys = (all: boolean) =>
  all ? dataOf(client.GET("/api/v1/keys/all")) : dataOf(client.GET("/api/v1/keys"));
export const makeKey = (name: string, scopes: string[], days: number | null) =>
  dataOf(client.POST("/api/v1/keys", { body: { name, scopes, days } }));
export const endKey = (key_id: string) =>
  dataOf(client.DELETE("/api/v1/keys/{key_id}", { params: { path: { key_id } } }));

export const getBackups = () => dataOf(client.GET("/api/v1/backups"));
export const startBackup = (full: boolean) => dataOf(client.POST("/api/v1/backups", { body: { full } }));
export const startDrill = () => dataOf(client.POST("/api/v1/drills"));
export const getSecrets = () => dataOf(client.GET("/api/v1/secrets"));
export const keepSecret = (name: string, value: string) =>
  dataOf(client.PUT("/api/v1/secrets/{name}", { params: { path: { name } }, body: { value } }));
export const forgetSecret = (name: string) =>
  dataOf(client.DELETE("/api/v1/secrets/{name}", { params: { path: { name } } }));

export const getAudit = (wanted: AuditWanted, page: number) =>
  pageOf(client.GET("/api/v1/audit", { params: { query: { ...wanted, page } } }));
export const auditFile = (wanted: AuditWanted): Promise<Blob> =>
  fileOf(client.GET("/api/v1/audit", { params: { query: { ...wanted, format: "csv" } }, parseAs: "blob" }));
export const getAuditActions = () => dataOf(client.GET("/api/v1/audit/actions"));
export const getAuditVerdict = () => dataOf(client.GET("/api/v1/audit/verdict"));

const privacy = "/api/v1/privacy";
const who = ({ kind, value, shop }: PersonIdentifier) => ({ kind, value, shop });
export const findPerson = (text: string) => dataOf(client.POST(`${privacy}/find`, { body: { text } }));
export const previewPerson = (person: PersonIdentifier) =>
  dataOf(client.POST(`${privacy}/preview`, { body: who(person) }));
export const personFile = (person: PersonIdentifier): Promise<Blob> =>
  fileOf(client.POST(`${privacy}/export`, { body: who(person), parseAs: "blob" }));
export const erasePerson = (person: PersonIdentifier, mode: Erasure["mode"], confirmation: string) =>
  dataOf(client.POST(`${privacy}/erase`, { body: { ...who(person), mode, confirmation } }));
export const getConsents = (person: PersonIdentifier) =>
  dataOf(client.POST(`${privacy}/consents`, { body: who(person) }));
export const changeConsent = (person: PersonIdentifier, purpose: Consent["purpose"], granted: boolean) =>
  dataOf(client.PUT(`${privacy}/consents`, { body: { ...who(person), purpose, granted } }));
export const getErasures = () => dataOf(client.GET(`${privacy}/erasures`));
export const getRetention = () => dataOf(client.GET(`${privacy}/retention`));
export const applyRetention = () => dataOf(client.POST(`${privacy}/retention`));

const desk = "/api/v1/returns";
const returned = (return_id: string) => ({ params: { path: { return_id } } });
export const getDeskWords = () => dataOf(client.GET(`${desk}/desk`));
export const getReturnBoard = () => dataOf(client.GET(`${desk}/board`));
export const getReturns = (wanted: ReturnsWanted, page: number, per_page: number, signal: AbortSignal) =>
  pageOf(client.GET(`${desk}/list`, { params: { query: { ...wanted, page, per_page } }, signal }));
export const returnsFile = (wanted: ReturnsWanted, format: Format): Promise<Blob> =>
  fileOf(client.GET(`${desk}/list`, { params: { query: { ...wanted, format } }, parseAs: "blob" }));
export const findOrders = (search: string, signal: AbortSignal) =>
  dataOf(client.GET(`${desk}/orders`, { params: { query: { search } }, signal }));
export const getReturnableOrder = (order_id: string) =>
  dataOf(client.GET(`${desk}/orders/{order_id}`, { params: { path: { order_id } } }));
export const getReturn = (id: string) => dataOf(client.GET(`${desk}/{return_id}`, returned(id)));
export const createReturn = (body: ReturnWanted) => dataOf(client.POST(`${desk}/create`, { body }));
export const moveReturn = (id: string, body: StepWanted) =>
  dataOf(client.PUT(`${desk}/{return_id}/status`, { ...returned(id), body }));
export const inspectReturn = (id: string, body: InspectionWanted) =>
  dataOf(client.PUT(`${desk}/{return_id}/inspection`, { ...returned(id), body }));
export const refundReturn = (id: string, body: RefundWanted) =>
  dataOf(client.POST(`${desk}/{return_id}/refund`, { ...returned(id), body }));
export const exchangeReturn = (id: string, body: ExchangeWanted) =>
  dataOf(client.POST(`${desk}/{return_id}/exchange`, { ...returned(id), body }));
export const changeReturn = (id: string, body: ReturnDetails) =>
  dataOf(client.PATCH(`${desk}/{return_id}`, { ...returned(id), body }));
export const settleReturn = (id: string, version: number, keep: "ours" | "theirs") =>
  dataOf(client.PUT(`${desk}/{return_id}/conflict`, { ...returned(id), body: { version, keep } }));
export const addReturnPhoto = (id: string, form: FormData) =>
  dataOf(
    client.POST(`${desk}/{return_id}/photos`, {
      ...returned(id),
      // The description has the form's fields, the request has the form itself.
      body: { photo: "", version: 1 },
      bodySerializer: () => form,
    }),
  );
const pictured = (return_id: string, photo_id: number) => ({ path: { return_id, photo_id } });
export const getReturnPhoto = (id: string, photo: number): Promise<Blob> =>
  fileOf(client.GET(`${desk}/{return_id}/photos/{photo_id}`, { params: pictured(id, photo), parseAs: "blob" }));
export const removeReturnPhoto = (id: string, photo: number, version: number) =>
  dataOf(
    client.DELETE(`${desk}/{return_id}/photos/{photo_id}`, {
      params: { ...pictured(id, photo), query: { version } },
    }),
  );
export const moveReturns = (body: BulkWanted) => dataOf(client.POST(`${desk}/bulk`, { body }));
export const getReturnMeasures = () => dataOf(client.GET(`${desk}/prevention`));
export const addReturnMeasure = (body: MeasureDraft) => dataOf(client.POST(`${desk}/prevention`, { body }));
export const removeReturnMeasure = (measure_id: number) =>
  dataOf(client.DELETE(`${desk}/prevention/{measure_id}`, { params: { path: { measure_id } } }));
export const getMeasureEffect = (measure_id: number) =>
  dataOf(client.GET(`${desk}/prevention/{measure_id}/effect`, { params: { path: { measure_id } } }));
