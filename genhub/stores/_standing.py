"""What a job's row shows of its attempts and its route, so that a list need look at neither: kept true by each write.

A job's own properties say the same of the same attempts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from sqlite3 import Connection

from genhub._jobs import Attempt, goes_on, present, standing
from genhub._status import Status
from genhub.stores._rows import Row, moment

_SHOWN = "SELECT last, routing, status, open FROM jobs WHERE id = ?"
_ATTEMPTS = "SELECT status, open, finished_at FROM attempts WHERE job_id = ? ORDER BY number"
_SHOW = "UPDATE jobs SET status = ?, open = ? WHERE id = ?"


def show(db: Connection, job_id: str, written: Attempt | None = None) -> None:
    """Make a job's row agree with what was just written; where that is its only attempt, no other row is read."""
    ((last, routing, *shown),) = db.execute(_SHOWN, (job_id,)).fetchall()
    if written is not None and last == 1:  # numbers begin with 1
        attempts = [(written.status, written.is_open, written.finished_at)]
    else:
        attempts = [_attempt(*row) for row in db.execute(_ATTEMPTS, (job_id,))]
    now = _of(attempts, bool(routing))
    if now != tuple(shown):
        db.execute(_SHOW, (*now, job_id))


def _attempt(status: str, is_open: int, finished_at: int | None) -> tuple[Status, bool, datetime | None]:
    return Status(status), bool(is_open), None if finished_at is None else moment(finished_at)


def _of(attempts: Sequence[tuple[Status, bool, datetime | None]], route_is_open: bool) -> Row:
    status = attempts[present(attempts)][0]
    routing = goes_on(route_is_open, (each for each, _, _ in attempts))
    return str(standing(status, routing)), int(routing or any(is_open for _, is_open, _ in attempts))
