"""The ledger's first rule: a line once written is never changed."""

from __future__ import annotations

from collections.abc import Iterable

from genhub._credits import Entry
from genhub._errors import JournalError


def merge(attempt_id: str, known: Iterable[Entry], brought: Iterable[Entry]) -> tuple[tuple[Entry, ...], list[Entry]]:
    """Return all lines in their order, and of these the new ones.

    Lines are the same when their sequence is. Raises JournalError when two that should be the same differ.
    """
    lines = {line.sequence: line for line in known}
    new: list[Entry] = []
    for line in brought:
        before = lines.setdefault(line.sequence, line)
        if before is line:
            new.append(line)
        elif before != line:
            raise JournalError(
                f"line {line.sequence} of attempt {attempt_id} is in the ledger as {_say(before)}; "
                f"it can't become {_say(line)}: write a new line instead"
            )
    return tuple(lines[sequence] for sequence in sorted(lines)), new


def _say(line: Entry) -> str:
    amount = "an amount not said" if line.amount is None else line.amount
    return f"{line.kind} of {amount} ({line.evidence}, {line.at.isoformat()})"
