"""Promises about credits: what the billing profile says is what happens."""

from __future__ import annotations

from genhub import Effect, EntryKind, Job, Moment, Rule, Status
from genhub._credits import ZERO
from genhub.sim import Scenario
from genhub.testing._bench import NAME, Bench, Statement
from genhub.testing._truth import books_hold


class MoneyPromises(Statement):
    """The billing profile against the behaviour."""

    async def test_every_rule_of_the_billing_profile_is_what_happens(self, kind: str, rule: Rule) -> None:
        """Where a rule counts, the books say what it says, as the vendor's own ledger does; looking adds nothing."""
        async with self.bench() as bench:
            job = await self._drive(bench, kind, rule)
            if job is None:
                return
            _effect_shows(job, rule)
            books_hold(bench, job)
            again = await bench.read(job.id)
            again = await bench.read(again.id)
            assert not again.status.is_final or again.entries == job.entries, "looking wrote into the books"
            books_hold(bench, again)

    async def test_the_balance_is_what_the_vendor_has(self) -> None:
        """A provider with a balance gives the vendor's figure, in the unit of its billing profile."""
        if not self.can("balance"):
            return
        async with self.bench() as bench:
            before = await bench.hub.balance(NAME)
            assert (bench.vendor.balance, self.adapter.billing.unit) == (before.amount, before.unit)
            await bench.submit(next(iter(self.requests.values())))

            assert bench.vendor.balance == (await bench.hub.balance(NAME)).amount

    def test_the_billing_profile_says_where_it_is_from(self) -> None:
        """A billing profile has sources, the day it was checked, and no price below zero."""
        billing = self.adapter.billing
        assert billing.unit and billing.checked and billing.sources
        assert all(rule.source for rule in billing.rules)
        assert all(price >= ZERO for price in billing.prices.values())

    async def _drive(self, bench: Bench, kind: str, rule: Rule) -> Job | None:
        """Bring a job of this kind to where the rule counts; None: nobody said how."""
        moment = rule.moment
        if moment is Moment.REUSED:
            return await self._repeat(bench, kind)
        if moment is Moment.SUBMIT:
            bench.vendor.script(Scenario(steps=(self.working,)))
            return (await bench.submit(self.requests[kind]))[0]
        if moment in (Moment.STOPPED, Moment.RESUMED) and self.can("stop"):
            bench.vendor.script(Scenario(steps=(self.working, self.working)))
            job, _ = await bench.submit(self.requests[kind])
            await bench.read(job.id)
            job = (await bench.hub.stop(job.id)).job
            return await bench.hub.resume(job.id) if moment is Moment.RESUMED else job
        word = self.word(Status(moment))
        assert word is not None, f"a rule for {moment}, which no word of the vendor means"
        bench.vendor.script(self.life(kind, rule, (self.working, word)))
        job, _ = await bench.submit(self.requests[kind])
        ended = await bench.end(job.id)
        assert ended.status is Status(moment)
        return ended

    async def _repeat(self, bench: Bench, kind: str) -> Job | None:
        request = self.repeats.get(kind)
        if request is None:
            return None
        first, _ = await bench.submit(request)
        again, _ = await bench.submit(request)
        assert first.provider_id == again.provider_id, "the second is another job of the vendor"
        assert len(bench.made) == 1
        assert again.credits.net == ZERO, "both jobs say that they paid for it"
        return first


def _effect_shows(job: Job, rule: Rule) -> None:
    spent, back = job.credits, [line for line in job.entries if line.kind is EntryKind.REFUND]
    about = f"{rule.moment}: {rule.effect} by the profile, but the books have {spent} {job.entries}"
    match rule.effect:
        case Effect.CHARGE:
            assert job.entries and job.entries[-1].kind is EntryKind.CHARGE, about
        case Effect.REFUND:
            assert back, about
            assert spent.net == ZERO and spent.exact, about
        case Effect.PARTIAL:
            assert back, about
            assert spent.net is None or spent.net > ZERO, about
        case Effect.NOTHING:
            assert not any(line.whole for line in back), about
            assert spent.net != ZERO, about
        case Effect.UNKNOWN:
            assert not back and not spent.exact and spent.net is None, about
