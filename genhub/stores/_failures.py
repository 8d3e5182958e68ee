"""What SQLite and the disk say, in words with a remedy."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from genhub._errors import JournalError

_UNREADABLE = "Restore a copy of it, or move it away to begin a new one; `sqlite3 FILE .recover` may save what is in it"

#: By the beginning of SQLite's name for the error: what it means, and what to do.
_MEANINGS: Mapping[str, tuple[str, str]] = {
    "SQLITE_FULL": ("its disk is full", "Make room: it goes on by itself"),
    "SQLITE_IOERR": ("its disk gave an error", "See what ails the disk (full, a quota, failing); then try again"),
    "SQLITE_READONLY": ("it may not be written", "Give write access to the file and its folder"),
    "SQLITE_CANTOPEN": ("it can't be opened", "Look at the file's and its folder's permissions"),
    "SQLITE_PERM": ("it can't be opened", "Look at the file's and its folder's permissions"),
    "SQLITE_NOTADB": ("it is not a SQLite file", "Name another file; this one was not touched"),
    "SQLITE_CORRUPT": ("it is damaged", _UNREADABLE),
    "SQLITE_BUSY": ("another program holds it", "End what else has the file open (a shell, a backup)"),
    "SQLITE_LOCKED": ("another program holds it", "End what else has the file open (a shell, a backup)"),
    "SQLITE_CONSTRAINT": ("it refused a write", "This is an error in genhub or in who calls it"),
    "SQLITE_NOLFS": ("the disk can't hold so large a file", "Move it to another disk"),
    "SQLITE_TOOBIG": ("a record is too large", "Make it smaller"),
}
_UNKNOWN = ("it can't be used", "See the cause")


def fail(path: Path, problem: str, remedy: str) -> JournalError:
    return JournalError(f"the journal {path}: {problem}. {remedy}")


def explain(path: Path, error: Exception) -> JournalError:
    """Return the JournalError that says what an error means; one that is a JournalError already stays as it is."""
    if isinstance(error, JournalError):
        return error
    problem, remedy = _UNKNOWN
    said = str(error)
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", None) or ""
        problem, remedy = next((each for start, each in _MEANINGS.items() if name.startswith(start)), _UNKNOWN)
    elif isinstance(error, OSError):
        problem, remedy = "it can't be opened", "Look at the file, its folder and their permissions"
    else:
        said = repr(error)
    explained = fail(path, f"{problem} ({said})", remedy)
    explained.__cause__ = error
    return explained
