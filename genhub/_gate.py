"""Keeps a burst of calls from holding up the event loop: so many begin in one of its turns, the others in later ones.

What a call does before it first has to wait takes some tens of microseconds. Ten thousand that are begun together would
do all of that in one turn, in which no answer is read and no other task runs.
"""

from __future__ import annotations

import asyncio
from collections import deque


class Gate:
    """Lets calls begin, first come, first served. Costs next to nothing while few come at once."""

    __slots__ = ("_begun", "_line", "_most")

    def __init__(self, most: int) -> None:
        self._most = most  # in one turn
        self._begun = 0  # since the turns were last counted
        self._line: deque[asyncio.Future[None]] = deque()

    def place(self) -> asyncio.Future[None] | None:
        """Take a place in this turn of the loop; where there is none, return a place in line, to be awaited."""
        if self._begun < self._most:
            self._begun += 1
            if self._begun == self._most:  # in one turn or in many: nobody looked
                asyncio.get_running_loop().call_soon(self._turn)
            return None
        place = asyncio.get_running_loop().create_future()
        self._line.append(place)
        return place

    def _turn(self) -> None:
        """A turn is over: let in as many as have a place in the next one."""
        line, self._begun = self._line, 0
        while line and self._begun < self._most:
            place = line.popleft()
            if not place.done():  # whoever waited for it may be gone
                place.set_result(None)
                self._begun += 1
        if self._begun:
            self._begun = self._most  # whoever comes newly stands behind those
            asyncio.get_running_loop().call_soon(self._turn)
