"""Questions and answers as the API takes and gives them; and answering, in JSON or as a file."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Annotated, Any, Literal

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from tillsight import exports
from tillsight.accounts import SignedIn
from tillsight.api.asked import Lasting
from tillsight.api.envelope import JSON, success, to_bytes
from tillsight.api.keeping import Kept, headers_of, kept, respond, tag_of, unchanged
from tillsight.api.services import Services
from tillsight.api.telling import asked, told_download
from tillsight.core.errors import TillsightError
from tillsight.core.periods import NAMED_PERIODS, Grain
from tillsight.domains.goals import analyses as goals
from tillsight.exports.whole import Export
from tillsight.metrics.answer import Answer, ColumnKind
from tillsight.metrics.model import Unit
from tillsight.metrics.permission import check_analysis
from tillsight.metrics.question import Operator, Question, ask_for

Format = Literal["json", "csv", "xlsx", "parquet"]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", examples=["2026-11-14"])]
Name = Annotated[str, Field(min_length=1, max_length=200)]
NamedPeriod = Annotated[str, Field(json_schema_extra={"enum": list(NAMED_PERIODS)})]
Moment = Annotated[str, Field(max_length=40, examples=["2026-11-14", "2026-11-14T09:30"])]
_PART = 100_000
"""Rows of an answer that are written at a time."""
Value = str | int | float | bool | None
"""A cell. Decimals are numbers with their exact digits; days and moments are ISO texts; unknown is null."""

FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            media.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
            for media in exports.MEDIA_TYPES.values()
        }
    }
}
"""What a response may be besides JSON, for the description of the API."""


class FilterIn(BaseModel):
    """Rows where a dimension has, or has not, one of the values."""

    model_config = ConfigDict(extra="forbid")

    dimension: Name
    op: Operator = "="
    values: list[str | int | float] = Field([], max_length=10_000)


class CompareDays(BaseModel):
    """Own days to compare with, inclusive."""

    model_config = ConfigDict(extra="forbid")

    from_: Day = Field(alias="from")
    to: Day


class ViewIn(BaseModel):
    """The part of a question that a whole page shares: days, comparison, filters. Days are inclusive."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_: Day | None = Field(None, alias="from")
    to: Day | None = None
    period: NamedPeriod | None = None
    where: list[Annotated[str, Field(max_length=10_000)] | FilterIn] = Field([], max_length=100)
    compare: Literal["none", "previous", "last_year"] | CompareDays | None = None
    as_of: Moment | None = Field(None, description="answer with what was known then")
    format: Format = "json"

    def comparison(self) -> Any:
        """The comparison as a question has it."""
        return self.compare.model_dump(by_alias=True) if isinstance(self.compare, CompareDays) else self.compare

    def filters(self) -> list[Any]:
        """The filters as a question has them."""
        return [item if isinstance(item, str) else item.model_dump() for item in self.where]


class QuestionIn(ViewIn):
    """A question: any metrics by any dimensions at any grain."""

    metrics: list[Name] = Field(min_length=1, max_length=50)
    by: list[Name] = Field([], max_length=10)
    grain: Grain | None = None
    sort: list[Name] = Field(
        [], max_length=20, description="columns, the first first; with - in front the largest first"
    )
    limit: int | None = Field(None, ge=1)
    offset: int = Field(0, ge=0)
    others: bool = Field(False, description="add a row for everything behind the limit")

    def question(self) -> Question:
        """The question that the catalogue answers."""
        return ask_for(
            self.metrics,
            self.by,
            self.grain,
            self.from_,
            self.to,
            self.period,
            self.filters(),
            self.comparison(),
            self.sort,
            self.limit,
            self.offset,
            self.others,
        )


class QuestionParams(BaseModel):
    """A question in an address: `?metrics=revenue,orders&by=country&where=country!=France&compare=previous`."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    metrics: list[str] = Field(min_length=1, description="names, repeated or with commas")
    by: list[str] = []
    grain: Grain | None = None
    from_: Day | None = Field(None, alias="from")
    to: Day | None = None
    period: NamedPeriod | None = None
    where: list[str] = Field([], description="country=France, channel!=web, product~lamp; repeated")
    compare: str | None = Field(None, description="none, previous, last_year, or days such as 2025-01-01..2025-01-31")
    sort: list[str] = []
    limit: int | None = Field(None, ge=1)
    offset: int = Field(0, ge=0)
    others: bool = False
    as_of: Moment | None = None
    format: Format = "json"

    def question(self) -> Question:
        """The question that the catalogue answers."""
        return ask_for(
            self.metrics,
            self.by,
            self.grain,
            self.from_,
            self.to,
            self.period,
            self.where,
            self.compare,
            self.sort,
            self.limit,
            self.offset,
            self.others,
        )


class ColumnOut(BaseModel):
    """What a column is. `labels`: words for the values 0, 1, 2 …"""

    name: str
    title: str
    kind: ColumnKind
    metric: str | None
    unit: Unit | None
    better: Literal["up", "down"] | None
    currency: str | None
    labels: list[str] | None


class SpanOut(BaseModel):
    """Days, both inclusive."""

    start: str
    end: str
    title: str


class BucketOut(BaseModel):
    """A step of the grain. `partial`: the period, or the data, covers only part of it."""

    start: str
    end: str
    label: str
    partial: bool


class NoteOut(BaseModel):
    """Something to know about an answer."""

    level: Literal["info", "warning"]
    text: str


class SentenceOut(BaseModel):
    """What happened, in words written from the numbers."""

    text: str
    tone: Literal["good", "bad", "neutral"]
    metric: str | None = None


class AnswerOut(BaseModel):
    """The answer to a question. `row_count` counts the rows before limit and offset."""

    columns: list[ColumnOut]
    rows: list[dict[str, Value]]
    totals: dict[str, Value] | None
    row_count: int
    period: SpanOut | None
    compare_period: SpanOut | None
    buckets: list[BucketOut] | None
    notes: list[NoteOut]
    sentences: list[SentenceOut]
    release: int | None
    as_of: str | None
    sources: list[str]
    currency: str


BY_GOALS = frozenset(analysis.name for analysis in goals.ANALYSES)


def answered(
    request: Request, given: Services, who: SignedIn, question: Question, as_of: str | None, how: Format
) -> Response:
    """The response to a question: kept or made, in the format asked."""
    scope, today = given.scope(who), given.shop.clock_today()
    asker = given.shop.asker(scope, as_of)
    key = ("query", asker.release.number, question, asker.resolve(question), scope.key, how)
    if how != "json":
        told_download(given, who, request, "question:query", format=how, **asked(question))
        cut = [*question.by, *([question.grain] if question.grain else [])]
        return exported(
            request, key, lambda: given.shop.export(question, as_of=as_of, scope=scope), how, question.metrics, cut
        )

    def make() -> Kept:
        return as_json(asker.ask(question), question.offset, question.limit)

    lasting = Lasting(asker.release.number, today, scope.key) if as_of is None else None
    return respond(request, given.kept, key, make, lasting)


def analysed(
    request: Request,
    given: Services,
    who: SignedIn,
    name: str,
    as_of: str | None,
    how: Format,
    parameters: dict[str, Any],
) -> Response:
    """The response of an analysis: kept or made, in the format asked. `parameters`: its own, and the parts of a view; None: not given."""
    scope, today = given.scope(who), given.shop.clock_today()
    check_analysis(scope, given.shop.catalogue.analysis(name))
    asker = given.shop.asker(scope, as_of)
    parameters = {key: value for key, value in parameters.items() if value is not None}
    told = to_bytes(dict(sorted(parameters.items())))
    # what people keep changes answers without a new release
    changed = (asker.rules_changed_at(parameters.get("preset")), given.shop.goals.changed() if name in BY_GOALS else 0)
    key = ("analysis", name, asker.release.number, asker.release.today, told, changed, scope.key, how)
    if how != "json":
        told_download(given, who, request, f"analysis:{name}", format=how)
        if same := unchanged(request, key):
            return same
        return as_file(given.shop.analyse(name, scope=scope, as_of=as_of, **parameters), how, [name], tag=tag_of(key))

    def make() -> Kept:
        answer = given.shop.analyse(name, scope=scope, as_of=as_of, **parameters)
        return as_json(answer, int(parameters.get("offset") or 0), int(parameters.get("limit") or 0) or None)

    # rules of the shop's own and goals change answers without a new release
    plain = as_of is None and "preset" not in parameters and name not in BY_GOALS
    lasting = Lasting(asker.release.number, today, scope.key) if plain else None
    return respond(request, given.kept, key, make, lasting)


def as_json(answer: Answer, offset: int = 0, limit: int | None = None) -> Kept:
    """An answer as JSON in the envelope, with where it is in the whole."""
    per_page = limit or max(answer.table.num_rows, 1)
    page = (offset // per_page + 1, per_page, answer.row_count)
    return kept(success(answer.to_dict(rows=False) | {"rows": answer.plain_rows()}, page), JSON)


def as_file(
    answer: Answer, how: exports.ExportFormat, names: Sequence[str], by: Sequence[str] = (), tag: str | None = None
) -> Response:
    """Exactly the rows of an answer as a file, sent piece by piece, named after what was asked and the days."""
    table = answer.table
    parts = (table.slice(start, _PART) for start in range(0, max(table.num_rows, 1), _PART))
    return _file(exports.pieces(parts, answer.columns, how, table.num_rows), answer, how, names, by, tag)


def exported(
    request: Request,
    key: Hashable,
    make: Callable[[], Export],
    how: exports.ExportFormat,
    names: Sequence[str],
    by: Sequence[str] = (),
) -> Response:
    """A file of any size: made on disk while the one who asks waits, so that an error is one, then sent piece by piece."""
    if same := unchanged(request, key):
        return same
    export = make()
    try:
        pieces = export.pieces(how)
    except TillsightError:
        export.close()
        raise

    def sent() -> Iterator[bytes]:
        with export:
            yield from pieces

    return _file(sent(), export.answer, how, names, by, tag_of(key))


def _file(
    pieces: Iterator[bytes],
    answer: Answer,
    how: exports.ExportFormat,
    names: Sequence[str],
    by: Sequence[str],
    tag: str | None,
) -> Response:
    name = exports.file_name(how, names, by, (answer.period.start, answer.period.end) if answer.period else ())
    headers = headers_of(tag) | {"Content-Disposition": f'attachment; filename="{name}"'}
    if how != "csv":
        headers["Content-Encoding"] = "identity"  # it is compressed already
    return StreamingResponse(pieces, headers=headers, media_type=exports.MEDIA_TYPES[how])


def kept_json(
    request: Request, given: Services, key: Hashable, make: Callable[[], Any], lasting: Lasting | None = None
) -> Response:
    """Any other response that only a new release changes."""
    return respond(request, given.kept, key, lambda: kept(success(make()), JSON), lasting)
