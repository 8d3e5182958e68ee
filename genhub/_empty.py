"""A table that is empty and stays so: one for all records that have none, where each would hold a dict of its own."""

from __future__ import annotations

from typing import Any, Final, NoReturn


class Empty(dict[Any, Any]):
    """An empty dict that can't be filled."""

    __slots__ = ()

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("this table belongs to many records: make a new record instead of changing one")

    __setitem__: Any = _refuse
    __ior__: Any = _refuse
    update: Any = _refuse
    setdefault: Any = _refuse

    def __reduce__(self) -> str:
        """Copied or pickled it is the same one."""
        return "EMPTY"


EMPTY: Final = Empty()
