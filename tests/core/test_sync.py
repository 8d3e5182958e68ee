"""The same verbs without `await`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from genhub import AllAttemptsFailed, BudgetExceeded, Event, ImageRequest, Money, Status, TextRequest, sync
from genhub._config import account
from genhub.sim import Scenario, Simulators

CAPTION = TextRequest(prompt="Dark mode is here", platforms=("x",))


@pytest.fixture
def served() -> Iterator[Simulators]:
    """Simulators in a thread of their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    sims = Simulators(speed=1000)
    asyncio.run_coroutine_threadsafe(sims.__aenter__(), loop).result()
    yield sims
    asyncio.run_coroutine_threadsafe(sims.__aexit__(None, None, None), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def hub(sims: Simulators, **options: Any) -> sync.Hub:
    names = ("powerpost", "genpro", "adgen")
    accounts = {name: account(name, {**sims[name].settings(), "poll_every": 0.01}, {}) for name in names}
    return sync.Hub(accounts, **options)


def script(sims: Simulators, name: str, **scenario: Any) -> None:
    sims[name].script(Scenario(**scenario))


def test_a_script_needs_no_await(served: Simulators) -> None:
    """Submit, watch, stop, resume, list, balance."""
    with hub(served) as plain:
        job = plain.generate(CAPTION, to="powerpost")
        assert (Status.SUCCEEDED, Decimal(10)) == (job.status, job.credits.net)
        handle = plain.submit(TextRequest(prompt="p"), to="genpro")
        assert Status.SUCCEEDED is [each.status for each in handle.updates()][-1]
        assert [job.id, handle.id] == [each.id for each in plain.jobs()]
        assert Decimal(990) == plain.balance("powerpost").amount
        assert handle.job == plain.get(handle.id).job
        assert 3 == len(plain.plan(CAPTION).options)


async def test_it_works_inside_a_running_loop(served: Simulators) -> None:
    """A notebook has a loop already."""
    with hub(served) as plain:
        assert Status.SUCCEEDED is plain.generate(CAPTION, to="powerpost").status


def test_a_hub_that_is_not_open_says_so(served: Simulators) -> None:
    """And leaves no thread behind."""
    before = threading.active_count()
    with pytest.raises(RuntimeError, match="not open"):
        hub(served).generate(CAPTION, to="powerpost")

    assert before == threading.active_count()


def test_a_script_uses_routes(served: Simulators) -> None:
    """By name or as accounts in their order; what is listened to comes from the hub's own thread."""
    heard: list[Event] = []
    script(served, "powerpost", http=402)
    with hub(served, routes={"captions": ["powerpost", "genpro"]}, on_event=heard.append) as plain:
        job = plain.generate(CAPTION, to="captions", portability="adjust")
        other = plain.generate(ImageRequest(prompt="A lantern"), to=("adgen", "genpro"))

        assert (("captions",), ("powerpost", "genpro", "adgen")) == (plain.routes(), plain.accounts())
        assert ["powerpost", "genpro"] == [each.account for each in job.attempts]
        assert "adgen" == other.account
        planned = plain.plan(CAPTION, to="captions", portability="adjust")
        assert ["powerpost", "genpro"] == [each.account for each in planned.options]
        assert [False, True, True] == [plain.health()[name].ok for name in ("powerpost", "genpro", "adgen")]
        script(served, "genpro", http=422)
        with pytest.raises(AllAttemptsFailed) as caught:
            plain.generate(CAPTION, to="captions", portability="adjust")
        assert 2 == len(caught.value.said)
    assert "fallback" in {str(each.name) for each in heard}


def test_a_script_is_given_the_job_of_an_equal_request(served: Simulators) -> None:
    """Within the time that it says."""
    with hub(served) as plain:
        first = plain.submit(TextRequest(prompt="p"), to="genpro", reuse="1h")
        first.wait()
        second = plain.submit(TextRequest(prompt="p"), to="genpro", reuse=3600)
        third = plain.generate(TextRequest(prompt="p"), to="genpro")

        assert [False, True] == [first.reused, second.reused]
        assert first.id == second.id != third.id


def test_a_script_caps_what_it_spends(served: Simulators) -> None:
    """What nobody can estimate goes through where that is allowed."""
    with hub(served) as plain:
        with pytest.raises(BudgetExceeded):
            plain.submit(TextRequest(prompt="p"), to="genpro", max_spend=5)
        assert (
            Status.SUCCEEDED
            is plain.generate(TextRequest(prompt="p"), to="genpro", max_spend=5, allow_unpriced=True).status
        )


def test_a_script_keeps_its_books(served: Simulators) -> None:
    """The ledger, the audit, and a vendor's job that nobody claims."""
    with hub(served) as plain:
        assert plain.audit("powerpost").explained is None
        job = plain.generate(CAPTION, to="powerpost")
        assert [(job.id, Decimal(10))] == [
            (each.job.id, each.entry.amount) for each in plain.ledger(account="powerpost")
        ]
        assert plain.audit("powerpost").explained
    with hub(served) as other:
        adopted = other.adopt("powerpost", str(job.provider_id))
        assert (job.provider_id, True) == (adopted.provider_id, adopted.id != job.id)


def test_a_script_stops_and_lets_go(served: Simulators) -> None:
    """A stop that is not free is not made if that is not wanted; who only wants to wait no more lets go of a job."""
    script(served, "genpro", duration=1e6)
    script(served, "adgen", duration=1e6)
    with hub(served) as plain:
        handle = plain.submit(TextRequest(prompt="p"), to="genpro")
        assert handle.id == handle.detach().id == plain.detach(handle.id).id
        assert Money.FREE is handle.stop(only_if_free=True).money
        assert Status.STOPPED is handle.status
