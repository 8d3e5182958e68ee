"""How far one row of a campaign is."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

from attrs import define, field

from genhub._campaign import words
from genhub._campaign.row import Row
from genhub._download import File
from genhub._errors import GenhubError, SubmissionUnknown, WaitTimeout
from genhub._jobs import Job
from genhub._status import Status


class Verdict(StrEnum):
    """What to think of a row."""

    OPEN = "open"  #: not over yet
    FINE = "fine"  #: it ended as expected
    UNEXPECTED = "unexpected"  #: it ended otherwise, or its outputs could not be written down
    IN_DOUBT = "in doubt"  #: it may have been bought
    TIMED_OUT = "timed out"  #: the waiting is over, the job goes on


@define(eq=False)
class Progress:
    """One row on its way. `word` is what to show: a status, or what keeps it from having one."""

    row: Row
    key: str
    word: str = "waiting"
    note: str = ""  #: the last thing worth telling
    job: Job | None = None
    error: GenhubError | None = None
    earlier: bool = False  #: was over before this run began
    told: int = 0  #: so many of its job's attempts were told of in this run
    over: bool = False  #: nothing more is done about it in this run
    files: tuple[File, ...] = ()
    text: Path | None = None  #: where its texts are
    lost: str | None = None  #: why outputs could not be written down
    notes: list[str] = field(factory=list[str])

    @property
    def account(self) -> str:
        """The one that its job is at; before there is one, what the row says."""
        return ", ".join(self.row.names) or "?" if self.job is None else self.job.account

    @property
    def verdict(self) -> Verdict:
        if isinstance(self.error, SubmissionUnknown):
            return Verdict.IN_DOUBT
        if isinstance(self.error, WaitTimeout):
            return Verdict.TIMED_OUT
        if not self.over:
            return Verdict.OPEN
        if self.lost is not None or self.job is None:
            return Verdict.UNEXPECTED
        return Verdict.FINE if self.job.status is self.row.expect else Verdict.UNEXPECTED

    @property
    def status(self) -> Status | None:
        return None if self.job is None else self.job.status

    @property
    def failures(self) -> list[str]:
        """Why it did not succeed, in lines."""
        if self.error is not None:
            return words.told(self.error)
        return [] if self.job is None else words.failures(self.job)

    @property
    def seconds(self) -> float | None:
        """From the submit to the end, as the journal has it."""
        if self.job is None or not self.job.attempts or self.job.attempt.finished_at is None:
            return None
        begun = self.job.attempts[0].submitted_at or self.job.created_at
        return max(0.0, (self.job.attempt.finished_at - begun).total_seconds())

    def facts(self, folder: Path | None = None) -> dict[str, Any]:
        """Return the row's part of what is known, as plain data; the job is apart."""
        error = self.error.facts() if self.error is not None else None
        return {
            "row": self.row.name,
            "number": self.row.number,
            "where": self.row.where,
            "kind": self.row.request.kind,
            "to": self.row.to,
            "account": self.account,
            "state": self.word,
            "verdict": str(self.verdict),
            "expected": str(self.row.expect),
            "earlier": self.earlier,
            "seconds": self.seconds,
            "notes": list(self.notes),
            "error": error,
            "lost": self.lost,
            "text": None if self.text is None else relative(self.text, folder),
            "files": [
                {
                    "output": file.output,
                    "path": relative(file.path, folder),
                    "size": file.size,
                    "sha256": file.sha256,
                }
                for file in self.files
            ],
        }


def relative(path: Path, folder: Path | None) -> str:
    """Return a path as seen from the folder of the results, with forward slashes."""
    if folder is not None and path.is_relative_to(folder):
        path = path.relative_to(folder)
    return path.as_posix()
