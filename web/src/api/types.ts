/** What the API gives and takes, by the names that the page uses; all of it is generated from the API's description. */
import type { components, operations } from "@/api/schema";

type Schemas = components["schemas"];

export type User = Schemas["UserOut"];
export type Session = Schemas["SessionOut"];
export type Ticket = Schemas["TicketOut"];
export type LinkSeen = Schemas["LinkOut"];
export type OpenSession = Schemas["OneSession"];
export type Enrolment = Schemas["EnrolmentOut"];
export type Person = Schemas["PersonOut"];
export type Role = Person["role"];
export type Access = Schemas["AccessIn"];
export type Invitation = Schemas["InviteIn"];
export type LinkMade = Schemas["LinkMade"];
export type ApiKey = Schemas["KeyOut"];
export type KeyMade = Schemas["KeyMade"];

export type Shop = Schemas["ShopOut"];
export type ChecksSummary = Schemas["ChecksOut"];

export type Metric = Schemas["MetricOut"];
export type Better = Metric["better"];
export type Dimension = Schemas["DimensionOut"];

/** A filter as the page writes it: always an object, always with its operator. */
export type AskedFilter = Required<Schemas["FilterIn"]> & { values: string[] };
type Plain<T> = { [Name in keyof Omit<T, "where" | "format">]: Exclude<T[Name], null> } & { where?: AskedFilter[] };
export type Question = Plain<Schemas["QuestionIn"]>;
/** The part of a question that a whole page shares. */
export type ViewQuestion = Pick<Question, "period" | "from" | "to" | "as_of"> & {
  compare: NonNullable<Question["compare"]>;
  where: AskedFilter[];
};
export type NamedPeriod = Schemas["PeriodOut"];
export type Format = Exclude<NonNullable<Schemas["QuestionIn"]["format"]>, "json">;
export type Answer = Schemas["AnswerOut"];
export type Column = Schemas["ColumnOut"];
export type Row = Answer["rows"][number];
export type Cell = Row[string];
export type Bucket = Schemas["BucketOut"];
export type Explanation = Schemas["ExplanationOut"];
export type CheckResult = Schemas["CheckOut"];

export type DashboardSpec = Schemas["Dashboard"];
export type PanelSpec = DashboardSpec["panels"][number];
export type AnalysisPanelSpec = Schemas["AnalysisPanel"];
export type FoundPanelSpec = Schemas["FoundPanel"];
export type ForecastPanelSpec = Schemas["ForecastPanel"];
export type KpiPanelSpec = Schemas["KpiPanel"];
export type SeriesPanelSpec = Schemas["SeriesPanel"];
export type RankPanelSpec = Schemas["RankPanel"];
export type TablePanelSpec = Schemas["TablePanel"];
export type HeatmapPanelSpec = Schemas["HeatmapPanel"];
export type CumulativePanelSpec = Schemas["CumulativePanel"];
export type BridgePanelSpec = Schemas["BridgePanel"];

export type RuleSet = Schemas["RuleSetOut"];
export type RuleSetDraft = Schemas["RuleSetIn"];
export type RuleField = Schemas["FieldOut"];
export type Customer = Schemas["CustomerOut"];
export type Purpose = NonNullable<operations["get_audience"]["parameters"]["query"]>["purpose"];

export type LoadSummary = Schemas["LoadOut"];
export type Load = Schemas["LoadDetail"];
export type LoadFile = Schemas["LoadFile"];
export type LoadClass = Schemas["LoadClass"];
export type Reject = Schemas["RejectOut"];
export type ReleaseItem = Schemas["ReleaseItem"];
export type Release = Schemas["ReleaseDetail"];
export type ReleaseTable = Schemas["ReleaseTable"];
export type Job = Schemas["JobOut"];
export type JobState = Job["state"];
export type TableState = Schemas["TableOut"];

export type Backups = Schemas["Backups"];
export type BackupRun = Schemas["BackupOut"];
export type Drill = Schemas["DrillOut"];
export type Credential = Schemas["SecretOut"];

export type AuditEntry = Schemas["EntryOut"];
export type AuditVerdict = Schemas["VerdictOut"];
export type FoundPerson = Schemas["FoundOut"];
export type PersonPreview = Schemas["PreviewOut"];
export type PersonIdentifier = Schemas["IdentifierOut"];
export type Consent = Schemas["ConsentOut"];
export type Erasure = Schemas["ErasureOut"];
export type Retention = Schemas["RetentionOut"];

/** What of the audit log is asked for; what is left out means any. */
export interface AuditWanted {
  user?: string;
  action?: string;
  subject?: string;
  from?: string;
  to?: string;
}

export type Goal = Schemas["GoalOut"];
export type GoalDraft = Schemas["GoalIn"];
export type DeskWords = Schemas["WordsOut"];
export type DeskStep = Schemas["StepWord"]["value"];
export type ReturnBoard = Schemas["BoardOut"];
export type ReturnListed = Schemas["ReturnItem"];
export type DeskReturn = Schemas["ReturnOut"];
export type ReturnableOrder = Schemas["OrderOut"];
export type ReturnWanted = Schemas["CreateIn"];
export type StepWanted = Schemas["StatusIn"];
export type InspectionWanted = Schemas["InspectionIn"];
export type RefundWanted = Schemas["RefundIn"];
export type ExchangeWanted = Schemas["ExchangeIn"];
export type ReturnDetails = Schemas["DetailsIn"];
export type BulkWanted = Schemas["BulkIn"];
export type ReturnPhoto = Schemas["PhotoOut"];
export type ReturnMeasure = Schemas["MeasureOut"];
export type MeasureDraft = Schemas["MeasureIn"];
export type MeasureEffect = Schemas["EffectOut"];
export interface ReturnsWanted {
  search?: string;
  step?: string[];
  outcome?: string;
  reason?: string;
  overdue?: boolean;
  conflict?: boolean;
  open?: boolean;
  sort?: string;
}

export interface Paged<T> {
  data: T;
  page: number;
  per_page: number;
  total: number;
}
