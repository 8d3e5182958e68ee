"""An afternoon of outages: what some account could do is done, nothing is bought twice, and every line says why.

The vendors run here, over real sockets; hours pass on a loop on which nobody waits. `pytest -s` shows what came of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import pytest

from benchmarks._afternoon import ACCOUNTS, OUTAGES, Trouble
from benchmarks._spend import Afternoon, spend
from benchmarks._virtual import run
from genhub import Attempt, Job, Status
from genhub._events import EventName
from genhub.routing import POLICIES, Route

#: Ends of which a vendor does not say what they cost: the documents are silent, or it keeps a part without naming it.
UNSAID = {("adgen", Status.EXPIRED), ("powerpost", Status.FAILED)}


def route(policy: str) -> Route:
    return Route(accounts=ACCOUNTS, policy=policy, portability="adjust", deadline=60)


def problems(told: Afternoon, *, by_evening: bool = False) -> Iterator[str]:
    """Yield whatever is not as it must be with the money, at night or the evening before."""
    jobs = told.evening if by_evening else told.night
    yield from _claims(told, jobs)
    for mark, job in jobs.items():
        won = [each for each in job.attempts if each.status is Status.SUCCEEDED]
        if len(won) > 1:
            yield f"{mark} succeeded twice: {ways(job)}"
        doubts = sum(each.status.in_doubt for each in job.attempts)
        claimed = [(each.account, each.provider_id) for each in job.attempts if each.provider_id is not None]
        unclaimed = Counter(told.made(mark, by_evening=by_evening)) - Counter(claimed)
        if unclaimed.total() > doubts:
            yield f"{mark}: paid and forgotten: {unclaimed} ({ways(job)})"
        for before, after in zip(job.attempts, job.attempts[1:], strict=False):
            if before.finished_at is None or before.finished_at > after.created_at:
                yield f"{mark}: {after.account} was tried before {before.account} had come to a certain end"
        for attempt in job.attempts:
            yield from _books(told, attempt)
    for name in ACCOUNTS:
        yield from _sums(told, name, [each for job in jobs.values() for each in job.attempts if each.account == name])


def _claims(told: Afternoon, jobs: dict[str, Job]) -> Iterator[str]:
    """Every creation belongs to one attempt, of a job that asked for it."""
    claims: dict[tuple[str, str], str] = {}
    for mark, job in jobs.items():
        for attempt in job.attempts:
            if attempt.provider_id is None:
                continue
            claim = attempt.account, attempt.provider_id
            if claim in claims:
                yield f"{attempt.id} and {claims[claim]} both claim {claim}"
            if claim not in told.made(mark):
                yield f"{attempt.id} ({mark}) claims {claim}, which was made for somebody else, or never"
            claims[claim] = attempt.id


def _books(told: Afternoon, attempt: Attempt) -> Iterator[str]:
    """What an attempt cost by its lines is what its vendor took, or the lines say that nobody has said."""
    spent = attempt.credits
    about = f"{attempt.id} at {attempt.account} ({attempt.status})"
    if attempt.provider_id is None:
        if not attempt.status.in_doubt and not (spent.exact and spent.net == 0):
            yield f"{about} was never made, and costs {spent}"
        return
    net = told.sims[attempt.account].net(attempt.provider_id)
    if spent.exact and spent.net != net:
        yield f"{about} cost {spent.net} by our books, and {net} by the vendor's"
    if net < spent.low or (spent.high is not None and net > spent.high):
        yield f"{about} cost {net} by the vendor's books, outside of {spent.low} to {spent.high}"
    said = (attempt.account, attempt.status) not in UNSAID and not by_person(attempt)
    if said and not spent.exact and not attempt.is_open:
        yield f"{about} is not exact: {attempt.entries} {attempt.doubt}"
    if not attempt.entries:
        yield f"{about} has no line"


def by_person(attempt: Attempt) -> bool:
    """True for one that a person adopted: its vendor's answer, which named the charge, is lost for good."""
    return any(note.text == "settled by a person" for note in attempt.notes)


def _sums(told: Afternoon, name: str, attempts: list[Attempt]) -> Iterator[str]:
    """An account's lines add up to what its vendor took, apart from what is in doubt or unsaid."""
    sim = told.sims[name]
    exact = sum((each.credits.net for each in attempts if each.credits.exact and each.credits.net), Decimal(0))
    known = {each.provider_id for each in attempts if each.credits.exact}
    rest = sum((sim.net(job_id) for job_id in sim.jobs if job_id not in known), Decimal(0))
    total = sum((sim.net(job_id) for job_id in sim.jobs), Decimal(0))
    if exact + rest != total:
        yield f"{name}: {exact} in the books and {rest} unsaid are not {total}"


def unexplained(job: Job) -> Iterator[str]:
    """Yield what the reasons of a job's attempts leave open."""
    assert job.route is not None
    order = list(job.route.accounts)
    for attempt in job.attempts:
        earlier = job.attempts[: attempt.number - 1]
        if earlier and not attempt.reason.startswith(f"{earlier[-1].account}"):
            yield f"{attempt.id}: does not begin with what {earlier[-1].account} said: {attempt.reason}"
        if earlier and (said := earlier[-1].error) is not None and said.message not in attempt.reason:
            yield f"{attempt.id}: does not say {said.message!r}: {attempt.reason}"
        tried = {each.account for each in earlier}
        for name in order[: order.index(attempt.account)]:
            if name not in tried and f"{name} passed over: " not in attempt.reason:
                yield f"{attempt.id}: does not say why not {name}: {attempt.reason}"
        stage = next(each for each in job.route.stages if each.account == attempt.account)
        if stage.why not in attempt.reason:
            yield f"{attempt.id}: does not say why it stands there ({stage.why}): {attempt.reason}"


def ways(job: Job) -> str:
    return " -> ".join(f"{each.account} ({each.status})" for each in job.attempts)


def lost(told: Afternoon) -> Counter[str]:
    """Count the submits whose answer was lost, by account, whatever became of them."""
    return Counter(each.account for each in told.events if each.name is EventName.DOUBT)


@pytest.fixture(scope="module")
def told() -> Afternoon:
    return run(spend(route("order")))


def test_what_some_account_could_do_is_done(told: Afternoon) -> None:
    """Of 300 jobs none fails: each is done, or waits for a person with the one submit that nobody can look up."""
    assert {} == told.refused
    assert 300 == len(told.evening)
    statuses = Counter(job.status for job in told.evening.values())
    assert {Status.SUCCEEDED, Status.UNCONFIRMED} == set(statuses)
    assert 285 <= statuses[Status.SUCCEEDED]
    for job in told.doubts.values():
        doubt = job.attempts[-1]
        assert job.routing
        assert (doubt.account, doubt.kind) in {("adgen", "copy"), ("powerpost", "image"), ("adgen", "static_ad")}


def test_a_person_settles_the_rest(told: Afternoon) -> None:
    """What was made is adopted and succeeds; what was not goes to the next account, and succeeds there."""
    assert {mark: Status.SUCCEEDED for mark in told.evening} == {mark: job.status for mark, job in told.night.items()}
    ends = {mark: told.night[mark].attempts[len(job.attempts) - 1] for mark, job in told.doubts.items()}
    assert {Status.SUCCEEDED, Status.FAILED} == {each.status for each in ends.values()}
    for mark, settled in ends.items():
        assert (1 if settled.status is Status.SUCCEEDED else 2) == len(
            told.night[mark].attempts[settled.number - 1 :]
        ), ways(told.night[mark])


def test_nothing_is_bought_twice(told: Afternoon) -> None:
    """Every creation is one attempt's, no attempt begins before the one before it has come to a certain end."""
    assert [] == list(problems(told, by_evening=True))
    assert [] == list(problems(told))
    made = Counter(name for name in ACCOUNTS for _ in told.sims[name].creations)
    claimed = Counter(
        each.account for job in told.night.values() for each in job.attempts if each.provider_id is not None
    )
    assert made == claimed
    assert 7 <= lost(told).total()


def test_what_failed_is_in_the_books(told: Afternoon) -> None:
    """Every failed job of a vendor's has its charge and what came back of it, and counts in what its job cost."""
    failed = [
        (job, each)
        for job in told.night.values()
        for each in job.attempts
        if each.provider_id is not None and each.status is not Status.SUCCEEDED
    ]
    kinds = Counter((each.account, each.status) for _, each in failed)
    assert {"powerpost", "adgen"} <= {name for name, _ in kinds}
    for job, attempt in failed:
        total = job.cost
        assert total is not None
        net = sum(
            Decimal("0.05") * told.sims[each.account].net(each.provider_id)
            for each in job.attempts
            if each.provider_id is not None
        )
        assert total.low <= net
        assert total.high is None or net <= total.high
        assert attempt.entries


def test_every_attempt_says_why(told: Afternoon) -> None:
    """Why its account stands where it does, what the one before it said, and why others were passed over."""
    assert [] == [each for job in told.night.values() for each in unexplained(job)]
    reasons = " ".join(each.reason for job in told.night.values() for each in job.attempts)
    for said in (
        "nothing was sent", "simulated 429", "no answer came", "Not enough credits", "out of credits since",
        "passed over: submits: open until", "passed over: jobs: open until", "the vendor said to wait",
        "settled by a person",
    ):  # fmt: skip
        assert said in reasons, said


@pytest.mark.parametrize("policy", [name for name in POLICIES if name != "order"])
def test_every_policy_gets_through(policy: str) -> None:
    """The same afternoon with half of the jobs, in another order of accounts."""
    told = run(spend(route(policy), 150))

    assert {} == told.refused
    assert {Status.SUCCEEDED, Status.UNCONFIRMED} >= {job.status for job in told.evening.values()}
    assert {mark: Status.SUCCEEDED for mark in told.evening} == {mark: job.status for mark, job in told.night.items()}
    assert [] == [*problems(told, by_evening=True), *problems(told)]
    assert [] == [each for job in told.night.values() for each in unexplained(job)]
    assert 1 <= len(lost(told))


def test_the_script() -> None:
    """Every vendor has every trouble that its documents know, and never more than two have one at once."""
    everywhere = {(name, trouble) for name in ACCOUNTS for trouble in Trouble if trouble is not Trouble.EXPIRES}

    assert everywhere | {("adgen", Trouble.EXPIRES)} == {(each.account, each.trouble) for each in OUTAGES}
    together = [[other.account for other in OUTAGES if other.covers(each.begin)] for each in OUTAGES]
    assert {1, 2} == {len(set(names)) for names in together}
    assert [len(names) for names in together] == [len(set(names)) for names in together]
    assert 2 * 3600 < OUTAGES[-1].end
