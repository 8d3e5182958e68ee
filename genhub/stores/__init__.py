"""The journal: its contract and the stores that keep it."""

from __future__ import annotations

from genhub._errors import ConfigError
from genhub.stores._base import JobFilter, JobStore


def open_store(url: str) -> JobStore:
    """Return the store that a URL names: `memory:` or `sqlite:///path` (four slashes: an absolute path)."""
    scheme, colon, rest = url.partition(":")
    if scheme == "memory" and colon:
        from genhub.stores._memory import MemoryStore

        return MemoryStore()
    if scheme == "sqlite" and rest.startswith("///") and len(rest) > 3:
        from genhub.stores._sqlite import SqliteStore

        return SqliteStore(rest[3:])
    raise ConfigError(
        f"{url!r} is not a journal", remedy="Write 'memory:' or 'sqlite:///genhub.db' (four slashes: an absolute path)"
    )


__all__ = ["JobFilter", "JobStore", "open_store"]
