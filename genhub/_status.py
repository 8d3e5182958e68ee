"""Where an attempt stands: one vocabulary for every vendor."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen


class Status(StrEnum):
    """The state of a job or of one of its attempts."""

    SUBMITTING = "submitting"  #: the intent is in the journal; the answer to the submit is not
    UNCONFIRMED = "unconfirmed"  #: may have been accepted, and charged; nothing is sent again until settled
    QUEUED = "queued"  #: accepted, not started
    RUNNING = "running"  #: in work
    UNKNOWN = "unknown"  #: the vendor used a word the adapter does not know; polling goes on
    SUCCEEDED = "succeeded"  #: the outputs are there
    FAILED = "failed"  #: the vendor refused or gave up; may hold partial outputs
    STOPPED = "stopped"  #: stopped on request, and can be resumed
    CANCELED = "canceled"  #: ended by someone, can't be resumed
    EXPIRED = "expired"  #: the vendor ran out of time

    # Plain attributes of each member: these two are asked more often than anything else.
    is_final: bool  #: true when nothing more is expected to happen by itself
    in_doubt: bool  #: true while nobody knows whether the vendor has the job


_FINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.STOPPED, Status.CANCELED, Status.EXPIRED})
_DOUBT = frozenset({Status.SUBMITTING, Status.UNCONFIRMED})
for _word in Status:
    _word.is_final, _word.in_doubt = _word in _FINAL, _word in _DOUBT


@frozen
class StatusTable:
    """A vendor's words, and what they mean in ours.

    A word that is not in the table is `Status.UNKNOWN`: never final, so polling goes on.
    """

    words: Mapping[str, Status] = field(factory=dict[str, Status])

    @classmethod
    def of(cls, **words: tuple[str, ...]) -> StatusTable:
        """Build a table from our word to theirs: `of(queued=("pending",), succeeded=("completed",))`."""
        return cls({theirs: Status(ours) for ours, several in words.items() for theirs in several})

    def __getitem__(self, word: str) -> Status:
        return self.words.get(word, Status.UNKNOWN)
