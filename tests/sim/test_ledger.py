import contextlib
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from genhub.sim import AdGenSim, Clock, Fault, GenProSim, Ledger, PowerPostSim, Scenario, Simulator
from genhub.sim._http import Broke, Call

CREDITS = st.decimals(0, 60, places=2)
WORDS = st.sampled_from(
    ["pending", "processing", "completed", "failed", "stopped", "canceled", "expired", "marinating"]
)
SCENARIOS = st.builds(
    Scenario,
    outcome=st.none() | WORDS,
    steps=st.none() | st.lists(WORDS, min_size=1, max_size=4).map(tuple),
    duration=st.none() | st.floats(0, 20),
    queue=st.none() | st.floats(0, 5),
    cost=st.none() | CREDITS,
    final_cost=st.none() | CREDITS,
    partial=st.none() | st.integers(0, 4),
    fault=st.none() | st.sampled_from([Fault.LOSE_ANSWER, Fault.HANG]),
)
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("submit"), SCENARIOS),
        st.tuples(st.just("advance"), st.floats(0, 15)),
        st.tuples(st.just("balance"), CREDITS),
        st.tuples(st.sampled_from(["read", "stop", "continue", "cancel", "expire", "revive"]), st.integers(0, 9)),
    ),
    max_size=25,
)
SUBMIT: dict[str, tuple[str, bytes]] = {
    "powerpost": ("/api/v1/images/generate", b'{"prompt": "Soup", "quantity": 3}'),
    "genpro": (
        "/v1/autocontentengine/101/cells/3000/generate",
        b'{"generation_type": "text", "data": {}}',
    ),
    "adgen": (
        "/api/generate/static-ad",
        b'{"projectId": "11111111-aaaa-4bbb-8ccc-0000000000a1", "productId": "11111111-aaaa-4bbb-8ccc-0000000000b1"}',
    ),
}
READ = {
    "powerpost": "/api/v1/images/generations/{}",
    "genpro": "/v1/generations/{}",
    "adgen": "/api/generate/status",
}


def ask(sim: Simulator, method: str, path: str, raw: bytes = b"", job_id: str = "") -> None:
    """Do what the wire would, without one."""
    found = sim._find(method, path)
    if found is None:
        return
    route, params = found
    call = Call(
        kind=route.kind,
        method=method,
        path=path,
        params=params,
        query={"agent_id": "42", "jobId": job_id},
        headers={
            "x-api-key": "pp_live_sk_sim",
            "X-API-Key": "gen_pat_sim",
            "X-Workspace-Id": "ws-1",
            "Authorization": "Bearer sim.jwt.token",
            "Content-Type": "application/json",
        },
        raw=raw,
        handler=route.handler,
    )
    sim.casting.pick(call, sim.subject(call) if call.kind != "submit" else None)
    sim.answer(call)


def check(sim: Simulator) -> None:
    assert sum((line.signed for line in sim.ledger), Decimal(0)) == sim.balance - sim.opening_balance
    assert all(line.amount > 0 for line in sim.ledger)
    nets = [sim.net(job_id) for job_id in sim.jobs]
    assert sum(nets, Decimal(0)) == sim.opening_balance - sim.balance
    assert all(net >= 0 for net in nets)
    assert len(sim.creations) == len(sim.jobs)


def run(sim: Simulator, clock: Clock, actions: list[tuple[str, object]]) -> None:
    for verb, what in actions:
        if isinstance(what, Scenario):
            sim.scripts.clear()
            sim.script(what)
            ask(sim, "POST", *SUBMIT[sim.name])
        elif verb == "advance":
            assert isinstance(what, float)
            clock.advance(what)
        elif isinstance(what, Decimal):
            sim.set_balance(what)
        elif sim.jobs:
            assert isinstance(what, int)
            job_id = list(sim.jobs)[what % len(sim.jobs)]
            if verb == "read":
                ask(sim, "GET", READ[sim.name].format(job_id), job_id=job_id)
            elif verb in ("stop", "continue"):
                ask(sim, "POST", f"/v1/generations/{job_id}/{verb}")
            elif isinstance(sim, AdGenSim):
                # Too late, or too poor to be revived.
                with contextlib.suppress(RuntimeError, Broke):
                    getattr(sim, verb)(job_id)
        check(sim)


@settings(deadline=None, max_examples=150)
@given(actions=ACTIONS, delay=st.sampled_from([0.0, 7.0]), switch=st.booleans())
def test_the_books_always_add_up(actions: list[tuple[str, object]], delay: float, switch: bool) -> None:
    for make in (
        lambda clock: PowerPostSim(clock=clock, refund_delay=delay, failed_zero_at_once=switch),
        lambda clock: GenProSim(clock=clock, refund_delay=delay, continue_failed=switch),
        lambda clock: AdGenSim(
            clock=clock,
            refund_delay=delay,
            refund_canceled=switch,
            refund_expired=switch,
            revive_charges=switch,
        ),
    ):
        clock = Clock.manual()
        run(make(clock), clock, actions)


@given(st.lists(st.tuples(st.booleans(), CREDITS)), CREDITS)
def test_a_ledger_is_the_sum_of_its_lines(lines: list[tuple[bool, Decimal]], balance: Decimal) -> None:
    ledger = Ledger(Decimal(100))
    for charge, amount in lines:
        (ledger.charge if charge else ledger.refund)(0, "job", amount, "why")
    assert ledger.opening - ledger.net("job") == ledger.balance
    ledger.set_balance(balance)
    assert ledger.opening - ledger.net("job") == ledger.balance == balance
