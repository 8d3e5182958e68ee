"""What is learned and kept in the journal as plain data: what is unsaved, and what of it can be read again."""

from __future__ import annotations

from typing import Any, cast


class Kept:
    """Counts changes, so that what was handed out to be written is told from what came since."""

    def __init__(self) -> None:
        self._changes: int = 0
        self._handed_out: int = 0
        self._saved: int = 0

    @property
    def unsaved(self) -> bool:
        """True when something was learned since the facts that were saved."""
        return self._changes != self._saved

    def saved(self) -> None:
        """The facts that were handed out last are written. What was learned since is not."""
        self._saved = self._handed_out


def items(facts: Any) -> list[tuple[str, Any]]:
    """Return a table's items by name; none of what is no table, or has no name."""
    if not isinstance(facts, dict):
        return []
    rows = cast("dict[object, Any]", facts).items()
    return [(name, value) for name, value in rows if isinstance(name, str)]
