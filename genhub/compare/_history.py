"""The history of comparisons: a line each in a file that only grows, and what changed since an older one.

A line holds what later runs are compared by: the requests and what was seen, not what was made (that stays in the
comparison's own results.json). A line that a crash cut off is left out and said; it costs no other line.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from attrs import evolve, frozen

from genhub._errors import ConfigError
from genhub._plain import converter
from genhub.compare._against import against
from genhub.compare._exports import RESULTS, restore, sync, text, wrong
from genhub.compare._records import Results
from genhub.compare._summary import Summary

__all__ = ["History", "against", "append", "latest", "read", "scan"]

log = logging.getLogger("genhub.compare")

_BEGIN = b'{"genhub":"comparison",'  # of every line: nothing is appended to a file of another kind


@frozen(kw_only=True)
class History:
    """What a file or a folder has of comparisons."""

    results: tuple[Results, ...]  #: in the order in which they were written
    notes: tuple[str, ...] = ()  #: what was left out, and why


def append(results: Results, summary: Summary, path: Path) -> None:
    """Add a comparison to a history file, durably; the file is made where there is none.

    Several processes may append at once. Raises ConfigError when the file is none of these, or can't be written:
    then nothing of the line stays in it.
    """
    slim = evolve(results, observations=tuple(evolve(each, outputs=(), files=()) for each in results.observations))
    line = text(slim, indent=None, verdict=converter.unstructure(summary.verdict)).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            _add(file, line, path)
        finally:
            os.close(file)
        sync(path.parent)
    except OSError as error:
        remedy = "Name a file that can be written to, on a disk with room"
        raise ConfigError(f"can't be written ({error.strerror})", where=str(path), remedy=remedy) from None


def _add(file: int, line: bytes, path: Path) -> None:
    size = os.fstat(file).st_size
    if not _BEGIN.startswith(os.pread(file, len(_BEGIN), 0)):
        remedy = "Name a new file, or one that `genhub compare` made"
        raise ConfigError("the file is no history of comparisons; nothing was added", where=str(path), remedy=remedy)
    if size and os.pread(file, 1, size - 1) != b"\n":  # a crash cut the last line off: it must not spoil this one
        line = b"\n" + line
    try:
        while line:
            line = line[os.write(file, line) :]
        os.fsync(file)
    except OSError:
        os.ftruncate(file, size)
        raise


def read(path: Path) -> list[Results]:
    """Return the comparisons of a history file, a results.json or a comparison's folder, in their order.

    What was left out is logged. Raises ConfigError when there is none.
    """
    found = scan(path)
    for note in found.notes:
        log.warning("%s", note)
    return list(found.results)


def scan(path: Path) -> History:
    """Return the same with notes of what was left out."""
    if path.is_dir():
        if not (path / RESULTS).is_file():
            remedy = f"Name the folder of a comparison: it has a {RESULTS}"
            raise ConfigError(f"the folder has no {RESULTS}", where=str(path), remedy=remedy)
        path = path / RESULTS
    try:
        data = path.read_bytes()
    except OSError as error:
        remedy = "Name a history file, a results.json or the folder of a comparison"
        raise ConfigError(f"can't be read ({error.strerror})", where=str(path), remedy=remedy) from None
    if not data.strip():
        raise wrong(str(path), "is empty")
    try:
        return History(results=(restore(json.loads(data), str(path)),))
    except ValueError:  # several lines, or a torn one
        return _lines(data, path)


def _lines(data: bytes, path: Path) -> History:
    results: list[Results] = []
    notes: list[str] = []
    lines = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        where = f"{path}:{number}"
        if not line.strip():
            continue
        try:
            plain = json.loads(line)
        except ValueError:
            cut = number == len(lines) and _BEGIN.startswith(line)
            if not (cut or line.startswith(_BEGIN)):
                raise wrong(where, "is neither a comparison nor a history of some") from None
            notes.append(f"{where}: the line is cut off, as by a crash; it is left out")
            continue
        results.append(restore(plain, where))
    if not results:
        raise wrong(str(path), "holds no whole comparison: what it has is cut off")
    return History(results=tuple(results), notes=tuple(notes))


def latest(history: Sequence[Results], new: Results) -> Results:
    """Return what a run is best compared with: the last of the same requests that is not this run itself.

    Where none asks for the same, it is the last of all, so that `against` can say what differs. Raises ConfigError
    when there is nothing but the run itself.
    """
    others = [each for each in history if not _same(each, new)]
    if not others:
        remedy = "Run it again: the next run can be compared with this one"
        raise ConfigError("there is no older run to compare with", where=new.suite, remedy=remedy)
    return next((each for each in reversed(others) if each.fingerprint == new.fingerprint), others[-1])


def _same(one: Results, other: Results) -> bool:
    return (one.suite, one.seed, one.began_at) == (other.suite, other.seed, other.began_at)
