"""What was logged."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from typing import Self


class Records(logging.Handler):
    """Collects everything that is logged below a name while it is open: `with Records() as records`."""

    def __init__(self, name: str = "") -> None:
        super().__init__(logging.DEBUG)
        self._logger = logging.getLogger(name)
        self._records: list[logging.LogRecord] = []
        self._level = logging.NOTSET

    def __iter__(self) -> Iterator[logging.LogRecord]:
        return iter(self._records)

    def __enter__(self) -> Self:
        self._level = self._logger.level
        self._logger.setLevel(logging.DEBUG)
        self._logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)
        self._logger.setLevel(self._level)

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)

    def texts(self) -> Iterator[str]:
        """Yield all that anybody could print of them."""
        for record in self._records:
            yield record.getMessage()
            yield repr(record.__dict__)
            if record.exc_info is not None and record.exc_info[1] is not None:
                yield "".join(traceback.format_exception(record.exc_info[1]))
