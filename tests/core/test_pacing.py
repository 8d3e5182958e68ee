"""When an account may call again, and when a job is read: pure rules on a clock."""

from __future__ import annotations

import asyncio
import logging
from itertools import islice

import pytest
from attrs import define
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from genhub import _pacing
from genhub._errors import LONGEST
from genhub._pacing import Delay, Pacer, Rank, Turn
from genhub._retry import delays
from genhub._schedule import SLOWEST, after_failures
from genhub._window import WIDE
from genhub.testing import FakeClock

waits = st.floats(min_value=0, max_value=LONGEST)
X = "GET /x"


def says(clock: FakeClock, left: object, ahead: float = 60.0, limit: object = None) -> dict[str, str]:
    """A vendor's headers; `ahead` seconds to the reset."""
    headers = {"X-RateLimit-Remaining": str(left), "X-RateLimit-Reset": str(clock.time() + ahead)}
    return headers if limit is None else headers | {"X-RateLimit-Limit": str(limit)}


async def settle(rounds: int = 20) -> None:
    for _ in range(rounds):
        await asyncio.sleep(0)


@define(eq=False)
class Queue:
    """Calls that ask for their turn at once; `began` has them in the order in which they were let go."""

    pacer: Pacer
    began: list[tuple[Rank, int]]
    turns: list[Turn]
    tasks: list[asyncio.Task[None]]

    @classmethod
    def of(cls, pacer: Pacer, *ranks: Rank) -> Queue:
        queue = cls(pacer, [], [], [])
        for rank in ranks:
            queue.ask(rank)
        return queue

    def ask(self, rank: Rank) -> None:
        self.tasks.append(asyncio.get_running_loop().create_task(self._go(rank, len(self.tasks))))

    async def _go(self, rank: Rank, number: int) -> None:
        turn = await self.pacer.turn(X, rank)
        self.began.append((rank, number))
        self.turns.append(turn)

    async def cancel(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


@given(waits, waits, st.floats(min_value=0, max_value=LONGEST))
def test_a_longer_hold_stays(first: float, second: float, passed: float) -> None:
    """Whichever refusal said the later time counts, and no longer than that."""
    clock = FakeClock()
    pacer = Pacer(clock)
    pacer.hold("GET /x", first)
    pacer.hold("GET /x", second)
    clock.advance(passed)

    assert abs(max(0.0, max(first, second) - passed) - pacer.wait_for("GET /x")) < 1e-6
    assert 0.0 == pacer.wait_for("GET /y")


async def test_calls_on_their_way_count_against_what_is_left() -> None:
    """The vendor's count may not know them yet."""
    clock = FakeClock()
    pacer = Pacer(clock)
    reset = str(clock.time() + 10)
    pacer.note("GET /x", {"X-RateLimit-Remaining": "2", "X-RateLimit-Reset": reset}, clock.time())
    turns = [await pacer.turn("GET /x"), await pacer.turn("GET /x")]
    assert [] == clock.sleeps
    assert pacer.turn_now("GET /x") is None
    turns.append(await pacer.turn("GET /x"))
    assert [10.0] == clock.sleeps
    for turn in turns:
        turn.end()
        turn.end()
    assert 0.0 == pacer.wait_for("GET /x")


@given(st.text(max_size=8), st.text(max_size=12))
def test_headers_that_make_no_sense_hold_nothing(remaining: str, reset: str) -> None:
    """A vendor's nonsense stops nobody for longer than the longest window."""
    clock = FakeClock()
    pacer = Pacer(clock)
    pacer.note("GET /x", {"X-RateLimit-Remaining": remaining, "X-RateLimit-Reset": reset}, clock.time())

    assert 0.0 <= pacer.wait_for("GET /x") <= LONGEST


def test_a_reset_in_milliseconds_is_not_believed() -> None:
    """An account is not parked for fifty thousand years."""
    clock = FakeClock()
    pacer = Pacer(clock)
    reset = str(clock.time() * 1000)
    pacer.note("GET /x", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}, clock.time())

    assert 0.0 == pacer.wait_for("GET /x")


def test_waits_between_tries_grow_and_are_bounded() -> None:
    """Full jitter: between nothing and an exponential that stops growing."""
    caps = [min(30.0, 0.5 * 2**n) for n in range(40)]

    assert all(0 <= wait <= cap for wait, cap in zip(islice(delays(0.5, 30.0), 40), caps, strict=True))


@given(st.floats(min_value=0.001, max_value=3600), st.integers(min_value=1, max_value=10_000))
def test_a_failing_read_slows_down_but_never_ends(every: float, failures: int) -> None:
    """Not faster than the vendor's own interval, not slower than a minute beyond it."""
    wait = after_failures(every, failures)

    assert every <= wait <= max(every, SLOWEST)


async def test_where_much_is_left_a_call_goes_at_once() -> None:
    """No timer, no task, no wait for anybody, polls included; so too where the vendor says nothing."""
    clock = FakeClock()
    pacer = Pacer(clock)
    before = asyncio.all_tasks()
    for _ in range(100):
        (await pacer.turn("GET /silent", Rank.POLL)).end()
    pacer.note(X, says(clock, 60, limit=100), clock.time())
    for _ in range(30):
        await pacer.turn(X, Rank.POLL)

    assert before == asyncio.all_tasks()
    assert [] == clock.sleeps
    assert {} == pacer.delays()


async def test_scarce_polls_are_spread_over_the_time_to_the_reset() -> None:
    """Below a quarter of the limit the rest is not burnt at once; nothing of it is left at the end."""
    clock = FakeClock()
    pacer = Pacer(clock)
    pacer.note(X, says(clock, 9, 90.0, limit=40), clock.time())
    times: list[float] = []
    for _ in range(10):
        turn = await pacer.turn(X, Rank.POLL)
        times.append(clock.monotonic())
        turn.end()

    assert [10.0 * n for n in range(10)] == pytest.approx(times, abs=1e-5)


async def test_a_reserve_is_kept_for_submits_where_submits_go() -> None:
    """Polls and verbs leave an eighth of the limit; submits use all of it, at once."""
    clock = FakeClock()
    pacer = Pacer(clock)
    (await pacer.turn(X)).give_back()
    pacer.note(X, says(clock, 9, 100.0, limit=40), clock.time())
    times: list[float] = []
    for _ in range(4):
        await pacer.turn(X, Rank.POLL)
        times.append(clock.monotonic())
    assert [0, 25, 50, 75] == pytest.approx(times, abs=1e-5)
    assert pacer.turn_now(X, Rank.POLL) is None
    assert pacer.turn_now(X, Rank.VERB) is None
    assert 25 == pytest.approx(pacer.wait_for(X, Rank.VERB), abs=1e-5)
    submits = [pacer.turn_now(X, Rank.SUBMIT) for _ in range(6)]

    assert [True] * 5 + [False] == [turn is not None for turn in submits]


async def test_submits_go_before_verbs_before_polls() -> None:
    """Within a rank it is first come, first served; `turn_now` overtakes nobody of its rank."""
    clock = FakeClock(longest=0)
    pacer = Pacer(clock)
    pacer.hold(X, 5)
    queue = Queue.of(pacer, Rank.POLL, Rank.VERB, Rank.POLL, Rank.SUBMIT, Rank.VERB, Rank.SUBMIT)
    await settle()
    assert 6 == pacer.waiting()
    clock.advance(5)
    assert pacer.turn_now(X) is None
    assert pacer.wait_for(X) > 0
    await settle()
    while len(queue.began) < 6:
        for turn in queue.turns:
            turn.end()
        await settle()

    assert sorted(queue.began) == queue.began
    assert 0 == pacer.waiting()


async def test_after_a_hold_one_goes_then_two_then_four() -> None:
    """Each round that is not refused doubles what goes at once; newcomers are no exception."""
    clock = FakeClock(longest=0)
    pacer = Pacer(clock)
    pacer.hold(X, 30)
    queue = Queue.of(pacer, *[Rank.POLL] * 15)
    await settle()
    assert [] == queue.began
    clock.advance(30)
    rounds: list[int] = []
    seen = 0
    while seen < 15:
        await settle()
        assert pacer.turn_now(X, Rank.POLL) is None or seen >= 15
        rounds.append(len(queue.turns) - seen)
        for turn in queue.turns[seen:]:
            seen += 1
            turn.end()

    assert [1, 2, 4, 8] == rounds


async def test_a_probe_that_is_refused_starts_again() -> None:
    """The refusal is said right after the call has ended: nobody slips through in between."""
    clock = FakeClock(longest=0)
    pacer = Pacer(clock)
    pacer.hold(X, 30)
    queue = Queue.of(pacer, *[Rank.POLL] * 4)
    await settle()
    clock.advance(30)
    await settle()
    assert 1 == len(queue.turns)
    queue.turns[0].end()
    pacer.hold(X, 10)
    await settle()
    assert 1 == len(queue.turns)
    clock.advance(9)
    await settle()
    assert 1 == len(queue.turns)
    clock.advance(1)
    await settle()

    assert 2 == len(queue.turns)
    await queue.cancel()


async def test_a_reset_that_was_waited_for_lets_one_go_first() -> None:
    """No herd at the reset: its first answer says what the new window has."""
    clock = FakeClock(longest=0)
    pacer = Pacer(clock)
    pacer.note(X, says(clock, 0, 60, limit=8), clock.time())
    queue = Queue.of(pacer, *[Rank.SUBMIT] * 12)
    await settle()
    clock.advance(60)
    await settle()
    assert 1 == len(queue.turns)
    for _ in range(5):
        for turn in queue.turns:
            turn.end()
        await settle()

    assert 8 == len(queue.turns)
    await queue.cancel()


async def test_a_window_that_is_only_assumed_is_assumed_once() -> None:
    """Headers that vanish hold nobody for longer than one window more; then the vendor says nothing."""
    clock = FakeClock()
    pacer = Pacer(clock)
    pacer.note(X, says(clock, 1, 60, limit=2), clock.time())
    times: list[float] = []
    for _ in range(40):
        (await pacer.turn(X)).end()
        times.append(clock.monotonic())

    assert [0, 60, 60, *[120] * 37] == pytest.approx(times, abs=1e-5)
    assert pacer.allowance(X) is None


async def test_a_call_without_an_answer_counts_as_made() -> None:
    """A lost answer may have been counted by the vendor; one to a later call settles it."""
    clock = FakeClock()
    pacer = Pacer(clock)
    headers = says(clock, 3, limit=3)
    pacer.note(X, headers, clock.time())
    (await pacer.turn(X)).end()
    (await pacer.turn(X)).end()
    last = await pacer.turn(X)
    assert pacer.turn_now(X) is None
    pacer.note(X, headers | {"X-RateLimit-Remaining": "2"}, clock.time(), last)
    last.end()

    assert [True, True, False] == [pacer.turn_now(X) is not None for _ in range(3)]


async def test_answers_that_overtake_each_other_do_not_raise_the_count() -> None:
    """Within a window the lowest count is the latest."""
    clock = FakeClock()
    pacer = Pacer(clock)
    headers = says(clock, 9, limit=10)
    one, two = await pacer.turn(X), await pacer.turn(X)
    pacer.note(X, headers | {"X-RateLimit-Remaining": "1"}, clock.time(), two)
    two.end()
    pacer.note(X, headers | {"X-RateLimit-Remaining": "2"}, clock.time(), one)
    one.end()

    assert [True, False] == [pacer.turn_now(X) is not None for _ in range(2)]


async def test_what_was_lost_meanwhile_is_not_known_to_an_earlier_answer() -> None:
    """An answer knows only what was lost before its call began."""
    clock = FakeClock()
    pacer = Pacer(clock)
    headers = says(clock, 3, limit=3)
    pacer.note(X, headers, clock.time())
    one, two = await pacer.turn(X), await pacer.turn(X)
    two.end()
    pacer.note(X, headers | {"X-RateLimit-Remaining": "2"}, clock.time(), one)
    one.end()

    assert [True, False] == [pacer.turn_now(X) is not None for _ in range(2)]


async def test_a_late_answer_from_the_last_window_does_not_shut_this_one() -> None:
    """Its reset is in the past."""
    clock = FakeClock()
    pacer = Pacer(clock)
    headers = says(clock, 0, 60, limit=4)
    pacer.note(X, headers, clock.time())
    clock.advance(60)
    await pacer.turn(X)
    pacer.note(X, headers, clock.time())

    assert pacer.turn_now(X) is not None


async def test_without_a_limit_the_largest_count_stands_for_it() -> None:
    """A quarter of it is scarce."""
    clock = FakeClock()
    pacer = Pacer(clock)
    headers = says(clock, 40, 60)
    pacer.note(X, headers, clock.time())
    assert pacer.turn_now(X, Rank.POLL) is not None
    pacer.note(X, headers | {"X-RateLimit-Remaining": "9"}, clock.time())
    first, second = pacer.turn_now(X, Rank.POLL), pacer.turn_now(X, Rank.POLL)

    assert first is not None
    assert second is None


async def test_news_is_for_those_who_wait_first() -> None:
    """In the moment in which a new count comes, a newcomer does not overtake."""
    clock = FakeClock(longest=0)
    pacer = Pacer(clock)
    pacer.note(X, says(clock, 0, 60, limit=8), clock.time())
    queue = Queue.of(pacer, Rank.POLL)
    await settle()
    pacer.note(X, says(clock, 8, 90, limit=8), clock.time())
    assert pacer.turn_now(X, Rank.POLL) is None
    await settle()

    assert [(Rank.POLL, 0)] == queue.began
    assert pacer.turn_now(X, Rank.POLL) is not None


async def test_a_call_from_before_a_refusal_does_not_end_it() -> None:
    """However well the earlier ones went."""
    clock = FakeClock()
    pacer = Pacer(clock)
    pacer.hold(X, 1)
    (await pacer.turn(X)).end()
    old = await pacer.turn(X)
    for _ in range(WIDE - 3):
        (await pacer.turn(X)).end()
    pacer.hold(X, 60)
    old.end()

    assert 60 == pacer.wait_for(X)
    assert pacer.turn_now(X) is None


async def test_a_waiter_that_goes_away_costs_the_others_nothing() -> None:
    """Those behind it move up, and the last one takes the timer with it."""
    clock = FakeClock(longest=0)
    pacer = Pacer(clock)
    before = asyncio.all_tasks()
    pacer.hold(X, 5)
    queue = Queue.of(pacer, *[Rank.POLL] * 40)
    await settle()
    assert 41 == len(asyncio.all_tasks() - before)
    for task in queue.tasks[:-1]:
        task.cancel()
    await settle()
    assert 1 == pacer.waiting()
    assert len(pacer._windows[X]._queue) <= 2
    clock.advance(5)
    await settle()
    assert [(Rank.POLL, 39)] == queue.began
    pacer.hold(X, 5)
    queue.ask(Rank.POLL)
    await settle()
    await queue.cancel()
    await settle(2)

    assert before == asyncio.all_tasks()
    assert 0 == pacer.waiting()


async def test_a_turn_granted_to_one_just_cancelled_goes_to_the_next() -> None:
    """It was never used: it is neither on its way nor one of the vendor's count."""
    clock = FakeClock(longest=0)
    pacer = Pacer(clock)
    pacer.note(X, says(clock, 1, 5), clock.time())
    (await pacer.turn(X)).end()
    queue = Queue.of(pacer, Rank.SUBMIT, Rank.SUBMIT)
    await settle()
    clock.advance(5)
    await settle(1)
    assert 1 == pacer.waiting()
    assert [] == queue.began
    queue.tasks[0].cancel()
    await settle()

    assert [(Rank.SUBMIT, 1)] == queue.began
    assert queue.tasks[0].cancelled()


async def test_a_poll_granted_to_one_just_cancelled_does_not_space_the_next() -> None:
    """The next one goes in its stead, at once."""
    clock = FakeClock(longest=0)
    pacer = Pacer(clock)
    pacer.note(X, says(clock, 9, 90.0, limit=40), clock.time())
    assert pacer.turn_now(X, Rank.POLL) is not None
    queue = Queue.of(pacer, Rank.POLL, Rank.POLL)
    await settle()
    clock.advance(11)
    await settle(1)
    assert (1, []) == (pacer.waiting(), queue.began)
    queue.tasks[0].cancel()
    await settle()

    assert [(Rank.POLL, 1)] == queue.began


async def test_a_probe_that_takes_for_ever_stops_nobody_for_ever() -> None:
    """Whoever has a turn may need a second one of the same endpoint."""
    clock = FakeClock()
    pacer = Pacer(clock)
    pacer.hold(X, 5)
    outer = await pacer.turn(X)
    inner = asyncio.get_running_loop().create_task(pacer.turn(X))
    await settle()
    assert not inner.done()
    assert 0 < pacer.wait_for(X) <= LONGEST
    clock.skip(_pacing.PATIENCE)
    (await inner).end()
    outer.end()

    assert 0 == pacer.waiting()


async def test_what_pacing_adds_can_be_seen() -> None:
    """How many calls waited, for how long in all, and for how long at most; by endpoint."""
    clock = FakeClock()
    pacer = Pacer(clock)
    await pacer.turn("GET /free")
    pacer.hold(X, 4)
    (await pacer.turn(X)).end()
    pacer.hold(X, 2)
    (await pacer.turn(X)).end()

    assert {X: Delay(calls=2, total=6.0, longest=4.0)} == pacer.delays()


async def test_the_allowance_is_what_is_left_over_the_time_to_the_reset() -> None:
    """After the reset it is the limit over a window; a vendor that says nothing has none."""
    clock = FakeClock()
    pacer = Pacer(clock)
    assert pacer.allowance(X) is None
    await pacer.turn(X)
    assert pacer.allowance(X) is None
    pacer.note(X, says(clock, 30, 60, limit=30), clock.time())
    assert 0.5 == pytest.approx(pacer.allowance(X), abs=1e-5)
    await pacer.turn(X)
    assert 29 / 60 == pytest.approx(pacer.allowance(X), abs=1e-5)
    pacer.note(X, says(clock, 0, 60, limit=30), clock.time())
    assert 0.0 == pacer.allowance(X)
    clock.advance(61)

    assert 0.5 == pytest.approx(pacer.allowance(X), abs=1e-5)


words = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.integers(-(10**30), 10**30).map(str),
    st.sampled_from(["inf", "nan", "-1", "0", "30, 30;w=60", "1e309", "9" * 5000]),
)


@given(st.lists(st.tuples(words, words, st.one_of(words, st.integers(-10, 5000)), st.floats()), max_size=6), waits)
def test_nonsense_in_any_order_holds_nobody_for_longer_than_the_longest_window(
    answers: list[tuple[str | None, str | None, str | int | None, float]], passed: float
) -> None:
    """Counts, limits and resets that are absurd, in the past, or missing; vendors' clocks that are off."""
    clock = FakeClock()
    pacer = Pacer(clock)
    for remaining, limit, reset, now in answers:
        turn = pacer.turn_now(X)
        said = str(clock.time() + reset) if isinstance(reset, int) else reset
        named = {"X-RateLimit-Remaining": remaining, "X-RateLimit-Limit": limit, "X-RateLimit-Reset": said}
        headers = {name: value for name, value in named.items() if value is not None}
        pacer.note(X, headers, clock.time() if isinstance(reset, int) else now, turn)
        if turn is not None:
            turn.end()
        pacer.hold(X, now)
        for rank in Rank:
            assert 0.0 <= pacer.wait_for(X, rank) <= LONGEST
        allowed = pacer.allowance(X)
        assert allowed is None or allowed >= 0
    for _ in range(4):
        clock.advance(LONGEST)
        if (found := pacer.turn_now(X, Rank.POLL)) is not None:
            found.end()

    assert [0.0] * 3 == [pacer.wait_for(X, rank) for rank in Rank]


async def test_a_wall_clock_that_jumps_changes_no_wait() -> None:
    """What was learned is counted on the monotonic clock."""
    clock = FakeClock()
    pacer = Pacer(clock)
    pacer.note(X, says(clock, 0, 20), clock.time())
    pacer.hold("GET /y", 10)
    clock.jump(-86400)

    assert [20, 10] == pytest.approx([pacer.wait_for(X), pacer.wait_for("GET /y")], abs=1e-5)


async def test_endpoints_of_which_nothing_is_known_any_more_are_forgotten() -> None:
    """An id within a path does not cost memory for ever; what is held, or on its way, stays."""
    clock = FakeClock()
    pacer = Pacer(clock)
    pacer.hold(X, 60)
    turn = await pacer.turn("GET /flying")
    for number in range(5 * _pacing.MANY):
        (await pacer.turn(f"POST /jobs/{number}")).end()

    assert len(pacer._windows) <= _pacing.MANY
    assert 60 == pacer.wait_for(X)
    assert {X, "GET /flying"} <= set(pacer._windows)
    turn.end()


def test_nothing_is_left_behind_on_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    """A loop that is closed while calls wait has nothing to complain of, in its debug mode neither."""

    async def main() -> None:
        clock = FakeClock(longest=0)
        pacer = Pacer(clock)
        pacer.hold(X, 5)
        Queue.of(pacer, *Rank)
        await settle()
        assert 3 == pacer.waiting()

    with caplog.at_level(logging.WARNING):
        asyncio.run(main(), debug=True)

    assert [] == caplog.records


@define(eq=False)
class Sent:
    """A call of the machine, and what its answer will say."""

    turn: Turn
    since_hold: int
    headers: dict[str, str] | None = None  # None: it has not arrived
    window: int = -1
    refused: bool = False


class PacingMachine(RuleBasedStateMachine):
    """A vendor that counts in windows of its own, answers late, out of order or never, and callers that come and go."""

    @initialize(limit=st.integers(1, 12), span=st.integers(2, 60))
    def begin(self, limit: int, span: int) -> None:
        self.limit, self.span = limit, span
        self.clock = FakeClock(longest=0)
        self.pacer = Pacer(self.clock)
        self.loop = asyncio.new_event_loop()
        self.used: dict[int, int] = {}
        self.flying: list[Sent] = []
        self.tasks: dict[int, tuple[Rank, asyncio.Task[None]]] = {}  # those that wait, by number
        self.asked = 0
        self.heard = -1  # the last window of which an answer was taken in
        self.held = 0.0
        self.holds = self.through = self.back = 0  # since the last refusal: let go, and ended well
        self.broken: list[str] = []

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        bound = LONGEST / 30 + (len(self.tasks) + 3) * self.span
        while self.tasks and bound > 0:
            for sent in list(self.flying):
                self.reach(sent)
                self.back_home(sent, lost=False, refusal=None)
            self.clock.advance(1)
            bound -= 1
            self.settle()
        waited = len(self.tasks)
        for _, task in self.tasks.values():
            task.cancel()
        self.settle()
        left = asyncio.all_tasks(self.loop)
        self.loop.close()
        assert 0 == waited, "somebody was never served"
        assert set() == left
        assert [] == self.broken

    # The world

    @property
    def window(self) -> int:
        return int(self.clock.monotonic()) // self.span

    def settle(self) -> None:
        self.loop.run_until_complete(settle())

    async def call(self, rank: Rank, number: int) -> None:
        try:
            turn = await self.pacer.turn(X, rank)
        finally:
            del self.tasks[number]
        self.check(rank, number)
        self.through += 1
        self.flying.append(Sent(turn, self.holds))

    def check(self, rank: Rank, number: int) -> None:
        """Judge one that was let go just now."""
        if self.clock.monotonic() < self.held:
            self.broken.append("it went while refused")
        if self.holds and self.through + 1 > 1 + 2 * self.back:
            self.broken.append(f"{self.through + 1} went after a refusal, {self.back} of them ended")
        if any((other, place) < (rank, number) for place, (other, _) in self.tasks.items()):
            self.broken.append(f"a {rank.name} went before its time")
        on_way = sum(sent.headers is None for sent in self.flying)
        if self.heard == self.window and self.used.get(self.window, 0) + on_way >= self.limit:
            self.broken.append("more went than the vendor has")

    def reach(self, sent: Sent) -> None:
        """Let the vendor count it."""
        if sent.headers is None:
            sent.window, used = self.window, self.used.get(self.window, 0)
            sent.refused = used >= self.limit
            self.used[self.window] = min(used + 1, self.limit)
            left = self.limit - self.used[self.window]
            reset = (self.window + 1) * self.span - self.clock.monotonic()
            sent.headers = says(self.clock, left, reset, self.limit)

    def back_home(self, sent: Sent, *, lost: bool, refusal: int | None) -> None:
        self.flying.remove(sent)
        wait: float | None = refusal
        if sent.headers is not None and not lost:
            self.pacer.note(X, sent.headers, self.clock.time(), sent.turn)
            if sent.window == self.window:
                self.heard = sent.window
            if sent.refused:
                wait = (sent.window + 1) * self.span - self.clock.monotonic()
        sent.turn.end()
        if sent.since_hold == self.holds:
            self.back += 1
        if wait is not None and not lost:
            self.pacer.hold(X, wait)
            self.held = max(self.held, self.clock.monotonic() + max(0.0, wait))
            self.holds += 1
            self.through = self.back = 0
        self.settle()

    # What happens

    @rule(rank=st.sampled_from(Rank), many=st.integers(1, 6))
    def ask(self, rank: Rank, many: int) -> None:
        for _ in range(many):
            number, self.asked = self.asked, self.asked + 1
            self.tasks[number] = (rank, self.loop.create_task(self.call(rank, number)))
        self.settle()

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def arrive(self, data: st.DataObject) -> None:
        self.reach(data.draw(st.sampled_from(self.flying)))

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), lost=st.booleans(), refusal=st.one_of(st.none(), st.none(), st.integers(0, 60)))
    def answer(self, data: st.DataObject, lost: bool, refusal: int | None) -> None:
        self.back_home(data.draw(st.sampled_from(self.flying)), lost=lost, refusal=refusal)

    @precondition(lambda self: self.flying)
    @rule()
    def answer_all(self) -> None:
        for sent in list(self.flying):
            self.reach(sent)
            self.back_home(sent, lost=False, refusal=None)

    @rule(seconds=st.integers(1, 30))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)
        self.settle()

    @precondition(lambda self: self.tasks)
    @rule(data=st.data(), seconds=st.integers(0, 30), rounds=st.integers(0, 4))
    def cancel(self, data: st.DataObject, seconds: int, rounds: int) -> None:
        """Some time after the clock moved: it may have been let go just now."""
        self.clock.advance(seconds)
        self.loop.run_until_complete(settle(rounds))
        if self.tasks:
            self.tasks[data.draw(st.sampled_from(sorted(self.tasks)))][1].cancel()
        self.settle()

    # What always holds

    @invariant()
    def promises_are_kept(self) -> None:
        if hasattr(self, "loop"):
            assert [] == self.broken
            assert len(self.tasks) == self.pacer.waiting()
            timers = asyncio.all_tasks(self.loop) - {task for _, task in self.tasks.values()}
            assert len(timers) <= (1 if self.tasks else 0)


PacingMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestPacing = PacingMachine.TestCase
