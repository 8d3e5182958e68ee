"""A long list of jobs, read page by page so that it holds nobody up."""

from __future__ import annotations

from sqlite3 import Connection

from attrs import frozen

from genhub.stores import _rows as rows
from genhub.stores._base import JobFilter
from genhub.stores._rows import Found, Row
from genhub.stores._tables import find_jobs

PAGE = 200  #: jobs that one page returns at most
STRIDE = 5_000  #: jobs that one page looks at, at most: a rare match must not become one long read


@frozen
class Page:
    found: Found
    after: Row | None  #: where the next page begins; `None`: this was the last


def page(db: Connection, which: JobFilter, after: Row | None, size: int, *, unfinished: bool = False) -> Page:
    """Return the next jobs of a list, at most `size` of them (there may be more even if it is none at all)."""
    beyond, upto, order = ("<", ">=", " DESC") if which.newest_first else (">", "<=", "")
    ordered = f"ORDER BY created_at{order}, id{order}"
    window = [("open = 1", ())] if unfinished else []  # literally so: the partial index is chosen by it
    window += _bounds(which)
    if after is not None:
        window.append((f"(created_at, id) {beyond} (?, ?)", after))
    wanted = _wanted(which)
    end: Row | None = None
    if wanted:
        where, values = _where(window)
        stride = f"SELECT created_at, id FROM jobs {where} {ordered} LIMIT 1 OFFSET {STRIDE - 1}"
        end = next(iter(db.execute(stride, values).fetchall()), None)
    if end is not None:
        window.append((f"(created_at, id) {upto} (?, ?)", end))
    where, values = _where(window + wanted)
    found = find_jobs(db, f"{where} {ordered} LIMIT ?", (*values, size))
    if len(found.jobs) < size:
        return Page(found, end)
    last_id, _, last_created_at, *_ = found.jobs[-1]
    return Page(found, (last_created_at, last_id))


def _bounds(which: JobFilter) -> list[tuple[str, Row]]:
    bounds: list[tuple[str, Row]] = []
    if which.since is not None:
        bounds.append(("created_at >= ?", (rows.micros(which.since),)))
    if which.until is not None:
        bounds.append(("created_at < ?", (rows.micros(which.until),)))
    return bounds


def _wanted(which: JobFilter) -> list[tuple[str, Row]]:
    """Return the conditions that have to look at each job."""
    wanted: list[tuple[str, Row]] = []
    if which.status is not None:
        marks = ", ".join("?" * len(which.status))
        wanted.append((f"status IN ({marks})", tuple(sorted(map(str, which.status)))))
    if which.account is not None:
        attempts = "SELECT 1 FROM attempts WHERE attempts.job_id = jobs.id AND attempts.account = ?"
        wanted.append((f"EXISTS ({attempts})", (which.account,)))
    if which.route is not None:
        wanted.append(("route = ?", (which.route,)))
    if which.label is not None:
        wanted.append(("label = ?", (which.label,)))
    if which.tag is not None:
        tags = "SELECT 1 FROM tags WHERE name = ? AND value = ? AND job_id = jobs.id"
        wanted.append((f"EXISTS ({tags})", which.tag))
    return wanted


def _where(conditions: list[tuple[str, Row]]) -> tuple[str, Row]:
    if not conditions:
        return "", ()
    texts, values = zip(*conditions, strict=True)
    return f"WHERE {' AND '.join(texts)}", tuple(value for some in values for value in some)
