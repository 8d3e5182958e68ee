"""A burst of calls begins a few at a time, in order, and nobody who leaves holds up the others."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genhub import Hub, JournalError, TextRequest
from genhub._gate import Gate
from genhub._router import IN_A_TURN
from tests.core.conftest import World

MOST = 3


class Turns:
    """Counts the turns of the loop, and who began in which."""

    def __init__(self) -> None:
        self.now = 0
        self.began: list[tuple[int, int]] = []  #: number, turn
        self._loop = asyncio.get_running_loop()
        self._count()

    def _count(self) -> None:
        self.now += 1
        self._handle = self._loop.call_soon(self._count)

    def stop(self) -> None:
        self._handle.cancel()


async def enter(gate: Gate, number: int, turns: Turns) -> None:
    if (place := gate.place()) is not None:
        await place
    turns.began.append((number, turns.now))


@given(calls=st.integers(min_value=0, max_value=40), gone=st.sets(st.integers(min_value=0, max_value=39)))
def test_few_begin_in_a_turn_and_all_begin(calls: int, gone: set[int]) -> None:
    """Never more than so many in one turn, first come, first served; those who leave are passed over."""

    async def run() -> Turns:
        gate, turns = Gate(MOST), Turns()
        tasks = [asyncio.create_task(enter(gate, number, turns)) for number in range(calls)]
        await asyncio.sleep(0)
        for number in gone & set(range(calls)):
            tasks[number].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        turns.stop()
        return turns

    turns = asyncio.run(run())
    order = [number for number, _ in turns.began]
    assert sorted(order) == order
    assert set(range(calls)) - gone <= set(order)
    assert max(Counter(turn for _, turn in turns.began).values(), default=0) <= MOST


async def test_one_alone_waits_for_nothing() -> None:
    """Calls that come one after the other find the gate open, however many they are."""
    gate = Gate(MOST)
    for _ in range(5 * MOST):
        assert gate.place() is None
        await asyncio.sleep(0)


async def test_a_newcomer_stands_behind_those_in_line() -> None:
    """Who comes while others wait does not slip in before them."""
    gate, turns = Gate(MOST), Turns()
    first = [asyncio.create_task(enter(gate, number, turns)) for number in range(2 * MOST)]
    await asyncio.sleep(0)
    late = asyncio.create_task(enter(gate, 99, turns))
    await asyncio.gather(*first, late)
    turns.stop()

    assert 99 == turns.began[-1][0]


async def test_a_burst_that_a_close_cuts_off_buys_nothing_more(world: World) -> None:
    """What stood at the gate when the hub was closed is told that it is not open; nothing is sent for it."""
    hub = Hub(world.accounts(), clock=world.clock)
    calls = 3 * IN_A_TURN
    async with hub:
        bursts = [
            asyncio.create_task(
                hub.submit(TextRequest(prompt=f"caption {number}", platforms=("tiktok",)), to="powerpost")
            )
            for number in range(calls)
        ]
        await asyncio.sleep(0)
        closing = asyncio.create_task(hub.close())
        said = await asyncio.gather(*bursts, return_exceptions=True)
        await closing
    refused = [each for each in said if isinstance(each, JournalError)]

    assert refused
    assert calls == len(refused) + len(world.powerpost.creations)


@pytest.mark.parametrize("most", [1, MOST])
async def test_places_of_those_who_left_are_not_lost(most: int) -> None:
    """When everybody in line has left, the next one passes."""
    gate, turns = Gate(most), Turns()
    tasks = [asyncio.create_task(enter(gate, number, turns)) for number in range(4 * most)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    turns.stop()

    assert gate.place() is None
