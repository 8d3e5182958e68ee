"""Records as rows of a table, and back without loss."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
from attrs import Factory, frozen
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from genhub._credits import Entry, EntryKind, Evidence
from genhub._errors import JournalError
from genhub._itinerary import Itinerary
from genhub._jobs import Attempt, Job
from genhub._plain import converter
from genhub._provider import Intent
from genhub._requests import Request

Row = tuple[Any, ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

#: What of an attempt has a column of its own, in the order of the SELECT; `entries` have a table.
_COLUMNS = ("id", "job_id", "number", "account", "provider", "status", "version")

#: What JSON has no word for, and what is written instead.
_PLAIN: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (Mapping, dict),
    (AbstractSet, lambda value: sorted(value, key=str)),
    (datetime, datetime.isoformat),  # orjson has a word for it; the fallback has not
    (bytes, str),
    (Iterable, list),
    (object, str),
)

# Prepared once: looking a hook up costs more than running it.
_request_to, _request_from = converter.get_unstructure_hook(Request), converter.get_structure_hook(Request)
_intent_to, _intent_from = converter.get_unstructure_hook(Intent), converter.get_structure_hook(Intent)
_route_to, _route_from = converter.get_unstructure_hook(Itinerary), converter.get_structure_hook(Itinerary)
_apart: dict[str, Any] = {name: override(omit=True) for name in (*_COLUMNS, "entries")}
_attempt_to = make_dict_unstructure_fn(Attempt, converter, _cattrs_omit_if_default=True, **_apart)
_as_they_are: Any = {"entries": override(struct_hook=lambda value, _: value)}
_attempt_from = make_dict_structure_fn(Attempt, converter, **_as_they_are)


def micros(moment: datetime) -> int:
    """Return an aware time as microseconds since 1970: exact, unlike `timestamp()`."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def dumps(data: Any) -> str:
    """Return plain data as JSON. What came with a vendor's answer never keeps an outcome from being written."""
    try:
        return orjson.dumps(data, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # half a surrogate pair, or an integer beyond 64 bits
        return json.dumps(data, default=_plain)


def loads(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        return json.loads(text)


def _plain(value: Any) -> Any:
    return next(make(value) for kind, make in _PLAIN if isinstance(value, kind))


def job_row(job: Job) -> Row:
    """Return the row of a job that has one attempt."""
    request = job.request
    about = (job.id, job.key, micros(job.created_at), request.kind, request.label)
    standing = (str(job.status), int(job.is_open), job.attempt.number)
    asked = (dumps(job.to), dumps(_request_to(request)))
    return (*about, *standing, *asked, *route_row(job.route), job.fingerprint, job.trace)


def route_row(route: Itinerary | None) -> Row:
    """Return the part of a job's row that has its route: the name, 1 while it is open, the whole."""
    return (None, 0, None) if route is None else (route.route, int(route.is_open), dumps(_route_to(route)))


def tags(job: Job) -> set[tuple[str, str]]:
    return {(str(name), str(value)) for name, value in job.request.tags.items()}


def attempt_row(attempt: Attempt, intent: Intent) -> Row:
    where = (attempt.id, attempt.job_id, attempt.number, attempt.account, attempt.provider)
    return (*where, attempt.version, dumps(_intent_to(intent)), *outcome_row(attempt))


def outcome_row(attempt: Attempt) -> Row:
    """Return the part of an attempt's row that each write changes, without its version."""
    finished_at = None if attempt.finished_at is None else micros(attempt.finished_at)
    standing = (str(attempt.status), int(attempt.is_open), finished_at)
    return (attempt.provider_id, *standing, dumps(_attempt_to(attempt)))


def entry_row(attempt: Attempt, entry: Entry) -> Row:
    amount = None if entry.amount is None else str(entry.amount)
    money = (str(entry.kind), amount, int(entry.whole), str(entry.evidence))
    about = (micros(entry.at), entry.settles, entry.note, attempt.account, attempt.job_id)
    return (attempt.id, entry.sequence, *money, *about)


def to_entry(row: Row) -> Entry:
    sequence, kind, amount, whole, evidence, at, settles, note = row[-8:]
    return Entry(
        kind=EntryKind(kind),
        sequence=sequence,
        amount=None if amount is None else Decimal(amount),
        evidence=Evidence(evidence),
        at=moment(at),
        whole=bool(whole),
        settles=settles,
        note=note,
    )


def to_intent(text: str) -> Intent:
    intent: Intent = _intent_from(loads(text), Intent)
    return intent


@frozen
class Found:
    """Jobs as rows: made into objects one by one by whoever asked, so that a page of them holds nobody up."""

    jobs: list[Row]
    attempts: dict[str, list[Row]] = Factory(dict[str, list[Row]])  #: by job
    entries: dict[str, list[Row]] = Factory(dict[str, list[Row]])  #: by attempt

    def job(self, row: Row) -> Job:
        """Return the job of one of the rows; raises JournalError when it can't be read."""
        job_id, key, created_at, accounts, request, itinerary, fingerprint, trace = row
        try:
            return Job(
                id=job_id,
                request=_request_from(loads(request), Request),
                created_at=moment(created_at),
                attempts=tuple(self._attempt(each) for each in self.attempts[job_id]),
                key=key,
                to=tuple(loads(accounts)),
                route=None if itinerary is None else _route_from(loads(itinerary), Itinerary),
                fingerprint=fingerprint,
                trace=trace,
            )
        except Exception as error:
            raise JournalError(f"job {job_id} in the journal can't be read: {error!r}") from error

    def first(self) -> Job | None:
        return self.job(self.jobs[0]) if self.jobs else None

    def _attempt(self, row: Row) -> Attempt:
        *columns, data = row
        entries = tuple(to_entry(each) for each in self.entries.get(row[0], ()))
        fields = {**loads(data), **dict(zip(_COLUMNS, columns, strict=True)), "entries": entries}
        attempt: Attempt = _attempt_from(fields, Attempt)
        return attempt
