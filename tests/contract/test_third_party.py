"""A third party's adapter, made up, keeps the contract over a FakeVendor; each way to break it is found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from attrs import evolve, field, frozen

from genhub import (
    BadResponse,
    Balance,
    BillingProfile,
    Call,
    Effect,
    JobError,
    Moment,
    NotFound,
    Output,
    Provider,
    ProviderError,
    Receipt,
    Ref,
    Request,
    Rule,
    Secret,
    Snapshot,
    Status,
    StatusTable,
    SubmissionUnknown,
    TextRequest,
    UnsupportedRequest,
    WrongState,
)
from genhub._clock import moment
from genhub.http import Complaint, Dialect, Http, Id, Wire
from genhub.sim import Fault, Simulator
from genhub.testing import FakeClock, FakeVendor, ProviderContract, SimJob, Words

KEY = "acme-3b9f-secret"
STATUSES = StatusTable.of(
    queued=("waiting",), running=("brewing",), succeeded=("served",), failed=("spilled",), stopped=("halted",)
)


def _rule(moment: Moment, effect: Effect) -> Rule:
    return Rule(moment=moment, effect=effect, source="https://acme.example/docs/money")


BILLING = BillingProfile(
    unit="acme beans",
    checked="2026-03-01",
    sources=("https://acme.example/docs",),
    rules=(
        _rule(Moment.SUBMIT, Effect.CHARGE),
        _rule(Moment.SUCCEEDED, Effect.NOTHING),
        _rule(Moment.FAILED, Effect.REFUND),
        _rule(Moment.STOPPED, Effect.NOTHING),
        _rule(Moment.RESUMED, Effect.NOTHING),
    ),
)


@frozen(kw_only=True)
class Order:
    """What Acme answers to an order."""

    order: Id
    state: str | None = None
    beans: Decimal | None = None


@frozen(kw_only=True)
class State:
    """What Acme says of an order."""

    state: str
    cup: str | None = None
    why: str | None = None


@frozen(kw_only=True)
class Beans:
    beans: Decimal | None = None


def _complaint(body: Any) -> Complaint:
    said: Any = body.get("error", {}) if isinstance(body, dict) else {}
    return Complaint(message=str(said.get("message", "")), code=said.get("code"))


def _secret(text: str | Secret) -> Secret:
    return Secret.of(text)


@frozen(kw_only=True)
class Acme:
    """An adapter as a third party writes it."""

    name: ClassVar[str] = "acme"
    billing: ClassVar[BillingProfile] = BILLING
    dialect: ClassVar[Dialect] = Dialect(complaint=_complaint, codes={"wrong_state": WrongState})
    poll_every: ClassVar[Mapping[str, float]] = {"": 2.0}

    api_key: Secret = field(converter=_secret)
    base_url: str = "https://acme.example"

    async def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.api_key.reveal()}"}

    def prepare(self, request: Request, key: str, *, adjust: bool) -> Call:
        for name in request.asked():
            if name != "prompt":
                raise UnsupportedRequest("Acme takes a prompt and nothing else", field=name, provider=self.name)
        return Call(kind="cup", path="/orders", body={"wish": request.asked().get("prompt"), "mine": key})

    async def submit(self, http: Http, call: Call) -> Receipt:
        made = (await http.charge(call)).into(Order)
        word = made.state or ""
        return Receipt(
            ref=Ref(id=made.order, kind=call.kind), status=STATUSES[word], raw_status=word, charged=made.beans
        )

    async def poll(self, http: Http, ref: Ref) -> Snapshot:
        return self.snapshot(ref, (await http.read(f"/orders/{ref.id}")).into(State))

    async def stop(self, http: Http, ref: Ref) -> Snapshot:
        return self.snapshot(ref, (await http.change("POST", f"/orders/{ref.id}/halt")).into(State))

    async def resume(self, http: Http, ref: Ref) -> Snapshot:
        call = Call(kind=ref.kind, path=f"/orders/{ref.id}/go-on", body={})
        return self.snapshot(ref, (await http.charge(call)).into(State))

    async def balance(self, http: Http) -> Balance:
        answer = await http.read("/beans")
        held = answer.into(Beans).beans
        if held is None:
            raise BadResponse("no beans are said", raw=answer.text(), account=http.account)
        return Balance(amount=held, unit=self.billing.unit, at=moment(http.clock))

    def snapshot(self, ref: Ref, said: State) -> Snapshot:
        status = STATUSES[said.state]
        error = JobError(kind="vendor", message=said.why or "spilled") if status is Status.FAILED else None
        outputs = () if said.cup is None else (Output(kind="text", text=said.cup),)
        return Snapshot(ref=ref, status=status, raw_status=said.state, outputs=outputs, error=error)


class AcmeVendor(FakeVendor):
    """Acme, as its documents have it: a stop keeps the beans, a failure gives them back."""

    name = "acme"
    words = Words("waiting", "waiting", "brewing", "served")
    finals = frozenset({"served", "spilled", "halted"})
    refunds = frozenset({"spilled"})
    stopped = "halted"
    id_fields = ("order",)
    amount_fields = ("beans",)
    creates: ClassVar[Mapping[str, str]] = {"cup": "/orders"}
    prices: ClassVar[Mapping[str, int]] = {"cup": 4}
    reads = "/orders/{id}"
    stops = "/orders/{id}/halt"
    continues = "/orders/{id}/go-on"
    balances = "/beans"

    def made_answer(self, job: SimJob) -> dict[str, Any]:
        return {"order": job.id, "state": job.status, "beans": int(job.cost), "status": job.status}

    def shown(self, job: SimJob, word: str) -> dict[str, Any]:
        return {"order": job.id, "state": word, "cup": "espresso" if word == "served" else None, "status": word}

    def balance_answer(self) -> dict[str, Any]:
        return {"beans": int(self.balance)}

    def revived(self, job: SimJob) -> None:
        """To go on is free: the beans were kept."""


WORDS = {
    "waiting": Status.QUEUED,
    "brewing": Status.RUNNING,
    "served": Status.SUCCEEDED,
    "spilled": Status.FAILED,
    "halted": Status.STOPPED,
}
REQUESTS: Mapping[str, Request] = {"cup": TextRequest(prompt="A small one")}


class TestAcme(ProviderContract):
    adapter = Acme
    statuses = STATUSES
    documented: ClassVar[Mapping[str, Status]] = WORDS
    requests = REQUESTS
    secrets: ClassVar[Collection[str]] = (KEY,)

    def vendor(self, clock: FakeClock) -> AcmeVendor:
        return AcmeVendor(clock=clock, key=KEY)

    def provider(self, vendor: Simulator) -> Provider:
        made: Provider = self.adapter(base_url=vendor.url, api_key=KEY)
        return made


# Each adapter below breaks one promise; the contract finds it.


class _Twice(Acme):
    """Sends again what was not answered, round the seam that would refuse it."""

    async def submit(self, http: Http, call: Call) -> Receipt:
        try:
            return await super().submit(http, call)
        except SubmissionUnknown:
            return await super().submit(http.watched(Wire()), call)


class _Offhand(Acme):
    """Sends what charges as if it were free, so that a lost answer looks like nothing sent."""

    async def submit(self, http: Http, call: Call) -> Receipt:
        made = (await http.change("POST", call.path, json=call.body)).into(Order)
        return Receipt(ref=Ref(id=made.order, kind=call.kind), status=Status.QUEUED, raw_status=made.state or "")


class _Inventive(Acme):
    """Makes up an id where none can be read."""

    async def submit(self, http: Http, call: Call) -> Receipt:
        try:
            return await super().submit(http, call)
        except ProviderError:
            return Receipt(ref=Ref(id="acme-0", kind=call.kind), status=Status.QUEUED, raw_status="waiting")


class _Hasty(Acme):
    """Gives up at a word that it does not know."""

    def snapshot(self, ref: Ref, said: State) -> Snapshot:
        seen = super().snapshot(ref, said)
        return evolve(seen, status=Status.FAILED) if seen.status is Status.UNKNOWN else seen


class _Deaf(Acme):
    """Maps a documented word to the wrong status."""

    def snapshot(self, ref: Ref, said: State) -> Snapshot:
        seen = super().snapshot(ref, said)
        return evolve(seen, status=Status.CANCELED) if said.state == "spilled" else seen


class _Despairing(Acme):
    """Takes a 404 to a read for the end of the job."""

    async def poll(self, http: Http, ref: Ref) -> Snapshot:
        try:
            return await super().poll(http, ref)
        except NotFound:
            return Snapshot(ref=ref, status=Status.FAILED, raw_status="gone")


class _Credulous(Acme):
    """Takes what it can't read for a job in work."""

    async def poll(self, http: Http, ref: Ref) -> Snapshot:
        try:
            return await super().poll(http, ref)
        except ProviderError:
            return Snapshot(ref=ref, status=Status.QUEUED, raw_status="waiting")


@frozen(kw_only=True)
class _Open(Acme):
    """Shows its key in its repr."""

    api_key: Any

    async def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"}


class _Talkative(Acme):
    """Writes its key into the call, and so into the journal."""

    def prepare(self, request: Request, key: str, *, adjust: bool) -> Call:
        call = super().prepare(request, key, adjust=adjust)
        return evolve(call, headers={"X-Key": self.api_key.reveal()})


class _Counting(Acme):
    """Keeps a state: no call is like the one before."""

    calls: ClassVar[list[str]] = []

    def prepare(self, request: Request, key: str, *, adjust: bool) -> Call:
        call = super().prepare(request, key, adjust=adjust)
        self.calls.append(key)
        return evolve(call, body={**call.body, "number": len(self.calls)})


class _Careless(Acme):
    """Drops what it can't honour."""

    def prepare(self, request: Request, key: str, *, adjust: bool) -> Call:
        return super().prepare(TextRequest(prompt=request.asked()["prompt"]), key, adjust=adjust)


class _Timed(Acme):
    """Puts into the body what no journal can keep."""

    def prepare(self, request: Request, key: str, *, adjust: bool) -> Call:
        call = super().prepare(request, key, adjust=adjust)
        return evolve(call, body={**call.body, "tags": ("a", "b")})


class _Generous(Acme):
    """Says that a failed job is not given back, although it is."""

    billing = evolve(BILLING, rules=(*BILLING.rules[:2], _rule(Moment.FAILED, Effect.NOTHING)))


class _Wishful(Acme):
    """Says that a stop gives the beans back, although it does not."""

    billing = evolve(BILLING, rules=(*BILLING.rules[:3], _rule(Moment.STOPPED, Effect.REFUND)))


class _Blocking(Acme):
    """Has a stop that is no coroutine."""

    def stop(self, http: Http, ref: Ref) -> Snapshot:  # type: ignore[override]
        return Snapshot(ref=ref, status=Status.STOPPED, raw_status="halted")


class _Boastful(Acme):
    """Says that it is stopped before it is."""

    async def stop(self, http: Http, ref: Ref) -> Snapshot:
        try:
            return await super().stop(http, ref)
        except ProviderError:
            return Snapshot(ref=ref, status=Status.STOPPED, raw_status="halted")


class _Eager(Acme):
    """Goes on twice."""

    async def resume(self, http: Http, ref: Ref) -> Snapshot:
        try:
            return await super().resume(http, ref)
        except SubmissionUnknown:
            await http.change("POST", f"/orders/{ref.id}/halt")
            return await super().resume(http.watched(Wire()), ref)


Broken = Callable[[TestAcme], Awaitable[None] | None]


def _rule_of(moment_: Moment) -> Callable[[TestAcme], Rule]:
    return lambda contract: next(rule for _, rule in contract.rules() if rule.moment is moment_)


PROMISES: Mapping[type[Acme], Broken] = {
    _Twice: lambda acme: acme.test_no_fault_of_the_wire_buys_twice("cup", Fault.LOSE_ANSWER),
    _Offhand: lambda acme: acme.test_no_fault_of_the_wire_buys_twice("cup", Fault.LOSE_ANSWER),
    _Inventive: lambda acme: acme.test_no_fault_of_the_wire_buys_twice("cup", Fault.MISSING_ID),
    _Hasty: lambda acme: acme.test_an_invented_word_is_unknown_and_the_polling_goes_on("cup"),
    _Deaf: lambda acme: acme.test_a_documented_word_means_what_the_table_says("cup", "spilled"),
    _Despairing: lambda acme: acme.test_a_refused_read_changes_nothing("cup"),
    _Credulous: lambda acme: acme.test_a_read_that_fails_changes_nothing("cup", Fault.HTML),
    _Open: lambda acme: acme.test_no_secret_shows_itself("cup"),
    _Talkative: lambda acme: acme.test_no_secret_shows_itself("cup"),
    _Counting: lambda acme: acme.test_preparing_is_pure("cup"),
    _Careless: lambda acme: acme.test_what_it_cannot_honour_is_refused_or_named("cup"),
    _Timed: lambda acme: acme.test_a_call_survives_the_journal("cup"),
    _Generous: lambda acme: acme.test_every_rule_of_the_billing_profile_is_what_happens(
        "cup", _rule_of(Moment.FAILED)(acme)
    ),
    _Wishful: lambda acme: acme.test_every_rule_of_the_billing_profile_is_what_happens(
        "cup", _rule_of(Moment.STOPPED)(acme)
    ),
    _Blocking: lambda acme: acme.test_what_it_can_do_is_what_it_has(),
    _Boastful: lambda acme: acme.test_a_fault_of_a_stop_leaves_the_truth("cup", Fault.ERROR_500_BEFORE),
    _Eager: lambda acme: acme.test_no_fault_of_a_resume_buys_twice("cup", Fault.LOSE_ANSWER),
}


@pytest.mark.parametrize("broken", PROMISES, ids=lambda broken: broken.__name__.strip("_").lower())
async def test_a_broken_promise_is_found(broken: type[Acme]) -> None:
    """The promise that Acme keeps fails by an assertion for an adapter that breaks it."""

    class Contract(TestAcme):
        adapter = broken

    promise = PROMISES[broken]
    if (kept := promise(TestAcme())) is not None:
        await kept
    with pytest.raises(AssertionError):
        if (outcome := promise(Contract())) is not None:
            await outcome


def test_a_word_that_the_table_lacks_is_found() -> None:
    """A documented word that the adapter does not know fails the contract."""

    class Contract(TestAcme):
        documented: ClassVar[Mapping[str, Status]] = {**WORDS, "burnt": Status.FAILED}

    with pytest.raises(AssertionError):
        Contract().test_the_table_has_every_documented_word_and_no_other()


async def test_a_secret_that_nobody_named_is_found() -> None:
    """The search for secrets is not passed by naming none."""

    class Contract(TestAcme):
        secrets: ClassVar[Collection[str]] = ()

    with pytest.raises(AssertionError):
        await Contract().test_no_secret_shows_itself("cup")


async def test_what_the_vendor_is_told_to_say_it_says() -> None:
    """A FakeVendor answers as told, in turn; a submit that is answered so counts as made unless it was refused."""
    contract = TestAcme()
    async with contract.bench() as bench:
        vendor = bench.vendor
        assert isinstance(vendor, AcmeVendor)
        vendor.say("POST", "/orders", {"error": {"message": f"what is {KEY}?"}}, status=400)
        vendor.say("POST", "/orders", raw=b"<html>", status=200)

        refused, error = await bench.submit(REQUESTS["cup"])
        assert error is not None and KEY not in str(error)
        assert refused.status is Status.FAILED and bench.made == []

        lost, error = await bench.submit(REQUESTS["cup"])
        assert error is None
        assert lost.status is Status.UNCONFIRMED and len(bench.made) == 1

        fine, _ = await bench.submit(REQUESTS["cup"])
        vendor.say("GET", f"/orders/{fine.provider_id}", {"state": "served", "cup": "doppio"})
        assert (await bench.read(fine.id)).outputs[0].text == "doppio"


async def test_a_key_that_is_wrong_is_refused() -> None:
    """A FakeVendor lets in who has its key."""

    class Contract(TestAcme):
        def vendor(self, clock: FakeClock) -> AcmeVendor:
            return AcmeVendor(clock=clock, key="another")

    async with Contract().bench() as bench:
        job, error = await bench.submit(REQUESTS["cup"])

        assert job.error is not None and job.error.http_status == 401
        assert error is not None and KEY not in str(error)
