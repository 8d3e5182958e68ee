"""Events as log records: lines that people read, and facts beside them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve

from genhub import Attempt, Job, Status, TextRequest
from genhub._events import Event, EventName
from genhub.logs import LEVELS, LogEvents, line

AT = datetime(2026, 11, 23, tzinfo=UTC)
ATTEMPT = Attempt(
    id="j1.1", job_id="j1", number=1, account="main", provider="powerpost", kind="captions", unit="powerpost credits",
    created_at=AT, status=Status.QUEUED,
)  # fmt: skip
JOB = Job(id="j1", request=TextRequest(prompt="a secret launch"), created_at=AT, attempts=(ATTEMPT,))


def event(name: EventName, attempt: Attempt | None = ATTEMPT, **detail: Any) -> Event:
    return Event(name=name, at=AT, job=JOB, attempt=attempt, account="main", provider="powerpost", detail=detail)


LINES: Mapping[str, Event] = {
    "submitted j1 to main as v1": event(EventName.SUBMITTED, provider_id="v1", raw_status="pending"),
    "j1 at main: queued -> running (processing)": event(
        EventName.STATUS, old="queued", new="running", raw_status="processing"
    ),
    "j1 at main: submitting": event(EventName.STATUS, old=None, new="submitting", raw_status=None),
    "charged 10 powerpost credits (reported) at main for j1": event(
        EventName.CHARGED, amount="10", unit="powerpost credits", evidence="reported", whole=False, note=""
    ),
    "charged an unknown amount of powerpost credits (documented) at main for j1 (attempt 2): continued": event(
        EventName.CHARGED,
        evolve(ATTEMPT, number=2),
        amount=None,
        unit="powerpost credits",
        evidence="documented",
        whole=False,
        note="continued",
    ),
    "refunded all powerpost credits (documented) at main for j1": event(
        EventName.REFUNDED, amount=None, unit="powerpost credits", evidence="documented", whole=True
    ),
    "j1 goes on from main to other: RateLimited": event(EventName.FALLBACK, old="main", new="other", why="RateLimited"),
    "j1 is hedged: beside main also at other: slow": event(EventName.HEDGED, old="main", new="other", why="slow"),
    "j1 at main is used again": event(EventName.REUSED),
    "main, submits: closed -> open: 503 again and again": event(
        EventName.BREAKER, what="submits", old="closed", new="open", why="503 again\nand again"
    ),
    "j1 at main is in doubt: the answer was lost": event(EventName.DOUBT, why="the answer was lost"),
    "j1 at main is settled as not submitted: by a person": event(
        EventName.SETTLED, verdict="not_submitted", how="by a person"
    ),
    "the route best of j1 has ended: nobody is left": event(EventName.ROUTED, route="best", why="nobody is left"),
}


@pytest.mark.parametrize("text", LINES)
def test_every_event_has_a_line(text: str) -> None:
    """Short, and one line whatever a vendor's words hold."""
    assert text == line(LINES[text])


def test_the_lines_are_of_all_events() -> None:
    """No event is without one, even when its detail says nothing."""
    assert set(EventName) == {each.name for each in LINES.values()}
    assert all("\n" not in line(event(name)) for name in EventName)


def test_a_record_has_the_facts(caplog: pytest.LogCaptureFixture) -> None:
    """On the logger `genhub.events`, for whoever formats records as JSON; and no prompt."""
    submitted = event(EventName.SUBMITTED, provider_id="v1")
    with caplog.at_level(logging.INFO, "genhub.events"):
        LogEvents()(submitted)

    (record,) = caplog.records
    assert ("genhub.events", logging.INFO) == (record.name, record.levelno)
    assert "submitted j1 to main as v1" == record.getMessage()
    assert submitted.facts() == vars(record)["genhub"]
    assert "a secret launch" not in str(vars(record))


def test_what_needs_a_person_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """A doubt and an account that is shut; that it is well again is not."""
    with caplog.at_level(logging.DEBUG, "genhub.events"):
        for each in (
            event(EventName.DOUBT),
            event(EventName.BREAKER, new="open"),
            event(EventName.BREAKER, new="parked"),
            event(EventName.BREAKER, new="closed"),
            event(EventName.BREAKER, new="free"),
            event(EventName.STATUS, new="failed"),
        ):
            LogEvents()(each)

    warning, info = logging.WARNING, logging.INFO
    assert [warning, warning, warning, info, info, info] == [record.levelno for record in caplog.records]
    assert set(EventName) == set(LEVELS)


def test_levels_and_the_logger_can_be_chosen(caplog: pytest.LogCaptureFixture) -> None:
    """Levels that are not named stay as they are; what is not loud enough for the logger is not logged."""
    mine = logging.getLogger("mine")
    listener = LogEvents(mine, levels={EventName.STATUS: logging.DEBUG})
    with caplog.at_level(logging.INFO, "mine"):
        listener(event(EventName.STATUS, new="running"))
        listener(event(EventName.SUBMITTED))

    assert [("mine", logging.INFO)] == [(record.name, record.levelno) for record in caplog.records]
