"""Secrets that can't be printed by accident."""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

MASK = "***"


@final
class Secret:
    """A text that never shows itself: not in a repr, a log, an exception or a dictionary."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    @classmethod
    def of(cls, text: str | Secret) -> Secret:
        return text if isinstance(text, Secret) else cls(text)

    def reveal(self) -> str:
        """Return the text itself, for the one place that sends it."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not pickled")


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """Return the text with every secret in it masked."""
    for secret in secrets:
        if plain := secret.reveal():
            text = text.replace(plain, MASK)
    return text
