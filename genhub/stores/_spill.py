"""A last place for what was paid when the journal's disk is full."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from genhub.stores._failures import fail
from genhub.stores._rows import dumps, loads

log = logging.getLogger("genhub.journal")

SIZE = 64 * 1024


class Spill:
    """A small file whose room was taken beforehand: lines of JSON are written in place.

    Empty room is line ends, so that the file can be read with any tool.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            missing = SIZE - os.fstat(self._file).st_size
            if missing > 0:
                self._write(b"\n" * missing, SIZE - missing)
            self._end = len(self._content())
        except BaseException:
            self.close()
            raise

    def append(self, record: dict[str, Any]) -> None:
        """Add one record, durably; it takes room on the disk only once the file's own is used up."""
        line = dumps(record).encode() + b"\n"
        try:
            self._write(line, self._end)
        except OSError as error:
            raise fail(self.path, f"the spill file can't take a record ({error})", "Make room on its disk") from error
        self._end += len(line)

    def read(self) -> list[dict[str, Any]]:
        """Return the records in their order; what was cut off by a kill is logged and left out."""
        records: list[dict[str, Any]] = []
        for line in filter(None, self._content().split(b"\n")):
            try:
                records.append(loads(line.decode()))
            except ValueError:
                log.error("a line of the spill file %s can't be read: %r", self.path, line)
        return records

    def clear(self) -> None:
        """Forget all records, keep the room."""
        self._write(b"\n" * self._end, 0)
        self._end = 0

    def close(self) -> None:
        os.close(self._file)

    def _content(self) -> bytes:
        """Return what is written, with the end of its last line."""
        size = os.fstat(self._file).st_size
        lines = b""
        while more := os.pread(self._file, size - len(lines), len(lines)):
            lines += more
        text = lines.rstrip(b"\n")
        return text + b"\n" if text else b""

    def _write(self, data: bytes, at: int) -> None:
        while data:
            written = os.pwrite(self._file, data, at)
            data, at = data[written:], at + written
        os.fsync(self._file)
