"""A disk that loses what was not flushed, under the journal's own connections (by apsw, a test extra)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import apsw


class Powerless(apsw.VFS):
    """A layer of SQLite's that passes everything on, and remembers what each file was when it was last flushed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.kept: dict[str, bytes] = {}
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return _File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self.kept.pop(filename, None)

    def cut(self, into: Path) -> None:
        """Write down what is left after the power went: of every file what its last flush kept."""
        into.mkdir()
        for name, content in self.kept.items():
            (into / Path(name).name).write_bytes(content)


class _File(apsw.VFSFile):
    def __init__(self, vfs: Powerless, name: Any, flags: list[int]) -> None:
        self._vfs = vfs
        self._name: str | None = name.filename() if isinstance(name, apsw.URIFilename) else name
        super().__init__("", name, flags)

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        if self._name is not None:
            self._vfs.kept[self._name] = Path(self._name).read_bytes()


class Db:
    """As much of `sqlite3.Connection` as the journal uses, over apsw."""

    def __init__(self, path: Path, mode: str, vfs: str) -> None:
        flags = apsw.SQLITE_OPEN_URI | (
            apsw.SQLITE_OPEN_READONLY if mode == "ro" else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        )
        self._db = apsw.Connection(str(path), flags=flags, vfs=vfs)
        self._db.set_busy_timeout(5000)

    def execute(self, sql: str, values: Iterable[Any] = ()) -> Rows:
        before = self._db.total_changes()
        found = self._db.execute(sql, tuple(values)).fetchall()
        return Rows(found, self._db.total_changes() - before)

    def executemany(self, sql: str, many: Iterable[Iterable[Any]]) -> None:
        self._db.executemany(sql, [tuple(each) for each in many])

    @property
    def in_transaction(self) -> bool:
        return self._db.in_transaction

    def close(self) -> None:
        self._db.close()


class Rows:
    """What a statement found."""

    def __init__(self, found: list[Any], changed: int) -> None:
        self._found = found
        self.rowcount = changed

    def __iter__(self) -> Iterator[Any]:
        return iter(self._found)

    def fetchall(self) -> list[Any]:
        return self._found

    def fetchone(self) -> Any:
        return self._found[0] if self._found else None
