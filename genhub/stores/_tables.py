"""What is done to the journal's tables, inside a transaction that somebody else began.

The SQL keeps to what SQLite and PostgreSQL share.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from sqlite3 import Connection

from genhub._errors import JournalError
from genhub._evolve import evolve
from genhub._jobs import Attempt
from genhub.stores import _rows as rows
from genhub.stores._base import ALIKE
from genhub.stores._lines import merge
from genhub.stores._rows import Found, Row
from genhub.stores._standing import show

#: How many values one statement is given: within every SQLite's limit.
CHUNK = 500

JOB = "SELECT id, key, created_at, accounts, request, itinerary, fingerprint, trace FROM jobs"

_NEW_JOB = """
INSERT INTO jobs (id, key, created_at, kind, label, status, open, last, accounts, request,
    route, routing, itinerary, fingerprint, trace)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING
"""
_NEW_TAG = "INSERT INTO tags (job_id, name, value) VALUES (?, ?, ?)"
_NEW_ATTEMPT = """
INSERT INTO attempts (id, job_id, number, account, provider, version, intent,
    provider_id, status, open, finished_at, data)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (job_id, number) DO NOTHING
"""
_NEW_ENTRY = """
INSERT INTO entries (attempt_id, sequence, kind, amount, whole, evidence, at, settles, note, account, job_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_NEXT = "UPDATE jobs SET last = ? WHERE id = ? AND last < ?"
_REROUTE = "UPDATE jobs SET route = ?, routing = ?, itinerary = ? WHERE id = ?"
_RECORD = """
UPDATE attempts SET provider_id = ?, status = ?, open = ?, finished_at = ?, data = ?, version = version + 1
WHERE id = ? RETURNING version
"""
_ADVANCE = """
UPDATE attempts SET provider_id = ?, status = ?, open = ?, finished_at = ?, data = ?, version = version + 1
WHERE id = ? AND version = ? RETURNING version
"""
_LINES = """
SELECT sequence, kind, amount, whole, evidence, at, settles, note FROM entries WHERE attempt_id = ? ORDER BY sequence
"""
_ALIKE = sorted(map(str, ALIKE))
_PUT = "INSERT INTO facts (name, fact) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET fact = excluded.fact"


def create(db: Connection, job: Row, tags: Iterable[tuple[str, str]], attempt: Row, entries: list[Row]) -> Found | None:
    """Write a new job; returns what has its key, if that is there."""
    job_id, key = job[:2]
    if db.execute(_NEW_JOB, job).rowcount == 0:
        return find_jobs(db, "WHERE key = ?", (key,))
    _insert(db, attempt, entries)
    db.executemany(_NEW_TAG, [(job_id, *tag) for tag in tags])
    return None


def add(db: Connection, attempt: Row, entries: list[Row]) -> bool:
    """Write a further attempt; False when its number is taken."""
    if not _insert(db, attempt, entries):
        return False
    job_id, number = attempt[1:3]
    db.execute(_NEXT, (number, job_id, number))
    show(db, job_id)
    return True


def reroute(db: Connection, job_id: str, route: Row) -> None:
    """Write over a job's route."""
    if db.execute(_REROUTE, (*route, job_id)).rowcount == 0:
        raise JournalError(f"job {job_id} is not in the journal")
    show(db, job_id)


def _insert(db: Connection, attempt: Row, entries: list[Row]) -> bool:
    if db.execute(_NEW_ATTEMPT, attempt).rowcount == 0:
        return False
    db.executemany(_NEW_ENTRY, entries)
    return True


def record(db: Connection, attempt: Attempt, outcome: Row) -> Attempt:
    """Write over an attempt, whatever its row holds."""
    written = db.execute(_RECORD, (*outcome, attempt.id)).fetchall()
    if not written:
        raise _missing(attempt)
    return _follow(db, attempt, *written[0])


def advance(db: Connection, attempt: Attempt, outcome: Row) -> Attempt | None:
    """Write over an attempt whose row has its version; None when it has another."""
    written = db.execute(_ADVANCE, (*outcome, attempt.id, attempt.version)).fetchall()
    if written:
        return _follow(db, attempt, *written[0])
    if not db.execute("SELECT 1 FROM attempts WHERE id = ?", (attempt.id,)).fetchall():
        raise _missing(attempt)
    return None


def _missing(attempt: Attempt) -> JournalError:
    return JournalError(f"attempt {attempt.id} of job {attempt.job_id} is not in the journal")


def _follow(db: Connection, attempt: Attempt, version: int) -> Attempt:
    """Write what goes with an attempt's row: its new lines, and what the job's row shows of it."""
    known = [rows.to_entry(row) for row in db.execute(_LINES, (attempt.id,))]
    lines, new = merge(attempt.id, known, attempt.entries)
    if new:
        db.executemany(_NEW_ENTRY, [rows.entry_row(attempt, entry) for entry in new])
    show(db, attempt.job_id, attempt)
    return evolve(attempt, entries=lines, version=version)


def find_jobs(db: Connection, condition: str, values: Row) -> Found:
    """Return the jobs that a condition picks, with all that belongs to them."""
    found = Found(db.execute(f"{JOB} {condition}", values).fetchall())
    for some in _chunks([row[0] for row in found.jobs]):
        for row in db.execute(
            "SELECT id, job_id, number, account, provider, status, version, data FROM attempts "
            f"WHERE job_id IN ({_marks(some)}) ORDER BY job_id, number",
            some,
        ):
            found.attempts.setdefault(row[1], []).append(row)
    for some in _chunks([row[0] for attempts in found.attempts.values() for row in attempts]):
        for row in db.execute(
            "SELECT attempt_id, sequence, kind, amount, whole, evidence, at, settles, note FROM entries "
            f"WHERE attempt_id IN ({_marks(some)}) ORDER BY attempt_id, sequence",
            some,
        ):
            found.entries.setdefault(row[0], []).append(row)
    return found


def alike(db: Connection, fingerprint: str, since: int) -> Found:
    """Return the newest job with a fingerprint that may be given again."""
    which = f"fingerprint = ? AND created_at >= ? AND status IN ({_marks(_ALIKE)})"
    newest = "ORDER BY created_at DESC, id DESC LIMIT 1"
    return find_jobs(db, f"WHERE {which} {newest}", (fingerprint, since, *_ALIKE))


def intent(db: Connection, attempt_id: str) -> str | None:
    return _only(db.execute("SELECT intent FROM attempts WHERE id = ?", (attempt_id,)).fetchall())


def claimed(db: Connection, account: str, provider_ids: Collection[str]) -> dict[str, str]:
    return {
        provider_id: attempt_id
        for some in _chunks(list(provider_ids))
        for provider_id, attempt_id in db.execute(
            "SELECT provider_id, min(id) FROM attempts "
            f"WHERE account = ? AND provider_id IN ({_marks(some)}) GROUP BY provider_id",
            (account, *some),
        )
    }


def find(db: Connection, account: str, provider_ids: Collection[str]) -> tuple[str, ...]:
    found = {
        (created_at, job_id)
        for some in _chunks(list(provider_ids))
        for created_at, job_id in db.execute(
            "SELECT jobs.created_at, jobs.id FROM attempts JOIN jobs ON jobs.id = attempts.job_id "
            f"WHERE attempts.account = ? AND attempts.provider_id IN ({_marks(some)})",
            (account, *some),
        )
    }
    return tuple(job_id for _, job_id in sorted(found))


def get(db: Connection, name: str) -> str | None:
    return _only(db.execute("SELECT fact FROM facts WHERE name = ?", (name,)).fetchall())


def put(db: Connection, name: str, fact: str) -> None:
    db.execute(_PUT, (name, fact))


def _only(found: list[Row]) -> str | None:
    return found[0][0] if found else None


def _chunks(values: list[str]) -> Iterable[list[str]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


def _marks(values: list[str]) -> str:
    return ", ".join("?" * len(values))
