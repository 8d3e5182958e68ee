"""Spend caps: reserved before a call is sent, settled by what the books say then.

What counts against a cap is the most that an attempt may have cost: its charge as far as it is bounded, else what was
reserved for it. Periods are of the calendar, in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from attrs import define, evolve, field, frozen

from genhub._account import Account, Budget, Per
from genhub._clock import Clock, moment
from genhub._credits import ZERO, Credits, EntryKind, Price
from genhub._errors import BudgetExceeded, ConfigError
from genhub._jobs import Attempt
from genhub._plan import Estimate, estimate
from genhub.stores import JobFilter, JobStore

_DEAREST = "dearest charges"
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def _begin(per: Per, now: datetime) -> datetime:
    """Return when the period began that `now` lies in."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    match per:
        case "hour":
            return now.replace(minute=0, second=0, microsecond=0)
        case "day":
            return midnight
        case "week":
            return midnight - timedelta(days=midnight.weekday())
        case "month":
            return midnight.replace(day=1)
        case "call" | "ever":
            return _EVER


def counted(attempt: Attempt) -> Decimal:
    """Return the most that an attempt may have cost, as far as that can be said."""
    spent = attempt.credits
    if spent.high is not None:
        return spent.high
    set_aside = attempt.reserved or ZERO
    if attempt.resuming_at is not None or attempt.leg:  # what was kept of earlier legs comes beside it
        return Credits.of(attempt.unit, attempt.entries).low + set_aside
    return max(spent.low, set_aside)


def charged_at(attempt: Attempt) -> datetime:
    """Return when an attempt was last charged, or sent: the period in which it counts."""
    charges = [entry.at for entry in attempt.entries if entry.kind is EntryKind.CHARGE and entry.settles is None]
    return max([attempt.created_at, *charges, *([attempt.resuming_at] if attempt.resuming_at is not None else [])])


@define
class Purse:
    """One account's cap, and what is held against it, by period."""

    name: str
    budget: Budget
    price: Price | None
    unit: str = "credits"  #: of the amounts
    _held: dict[object, tuple[datetime, Decimal]] = field(factory=dict[object, tuple[datetime, Decimal]])
    _totals: dict[datetime, Decimal] = field(factory=dict[datetime, Decimal])

    def spent(self, now: datetime) -> Decimal:
        """Return what counts against the present period, in credits."""
        return self._totals.get(_begin(self.budget.per, now), ZERO)

    def hold(self, key: object, at: datetime, amount: Decimal) -> None:
        """Count an attempt (or what is set aside for one) by this amount from now on."""
        self.release(key)
        period = _begin(self.budget.per, at)
        self._held[key] = (period, amount)
        self._totals[period] = self._totals.get(period, ZERO) + amount

    def release(self, key: object) -> None:
        """Count it no more."""
        held = self._held.pop(key, None)
        if held is not None:
            self._totals[held[0]] -= held[1]

    def check(self, amount: Decimal, now: datetime) -> None:
        """Raise BudgetExceeded when so much more would pass the cap."""
        spent = ZERO if self.budget.per == "call" else self.spent(now)
        cap = in_credits(self.budget, self.price, self.name)
        if spent + amount > cap:
            per = "" if self.budget.per == "ever" else f" per {self.budget.per}"
            over = f"{amount:f} more would pass the budget of {cap:f} {self.unit}{per} ({spent:f} are counted already)"
            raise BudgetExceeded(f"{self.name}: {over}; nothing was sent")


def in_credits(budget: Budget, price: Price | None, name: str) -> Decimal:
    """Return a cap in the account's credits; raises ConfigError when it is in money that has no price."""
    if budget.currency is None:
        return budget.amount
    if price is None or price.currency != budget.currency.upper() or price.amount == 0:
        raise ConfigError(
            f"{name}: a budget in {budget.currency} needs a price in {budget.currency}",
            remedy=f'Set price = "0.05 {budget.currency}" on the account',
        )
    return budget.amount / price.amount


def worth(amount: Decimal, price: Price | None, currency: str | None) -> Decimal | None:
    """Return credits in a currency (`None`: as they are); `None` when there is no price in it."""
    if currency is None:
        return amount
    return None if price is None or price.currency != currency.upper() else amount * price.amount


@frozen(eq=False)
class Reservation:
    """What was set aside for an attempt that is not in the journal yet; `amount` is None where nobody could say."""

    account: str
    amount: Decimal | None
    route: str = ""  #: whose budget counts it too


class Budgets:
    """All caps of a hub, and what calls of each kind were seen to cost."""

    def __init__(
        self,
        accounts: Mapping[str, Account],
        store: JobStore,
        clock: Clock,
        *,
        routes: Mapping[str, Budget] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._accounts = accounts
        self._dearest: dict[str, Decimal] = {}
        self._purses: dict[str, Purse] = {}
        self.unsaved = False  #: a dearer charge was seen than the journal knows
        #: A route's cap is held in its own unit: its accounts have several.
        self._currencies = {name: budget.currency for name, budget in (routes or {}).items()}
        self._shared = {
            name: Purse(f"route {name}", evolve(budget, currency=None), None, budget.currency or "credits")
            for name, budget in (routes or {}).items()
        }
        for name, account in accounts.items():
            if account.budget is not None:
                in_credits(account.budget, account.price, name)
                self._purses[name] = Purse(name, account.budget, account.price)
        self._capped = bool(self._purses or self._shared)

    async def open(self) -> None:
        """Read from the journal what counts already."""
        seen: Mapping[str, str] = await self._store.get(_DEAREST) or {}
        self._dearest = {key: Decimal(amount) for key, amount in seen.items()}
        now = moment(self._clock)
        for name, purse in self._purses.items():
            since = None if purse.budget.per in ("call", "ever") else _begin(purse.budget.per, now)
            async for job in self._store.jobs(JobFilter(account=name)):
                for attempt in job.attempts:
                    if attempt.account == name and (since is None or charged_at(attempt) >= since):
                        purse.hold(attempt.id, charged_at(attempt), counted(attempt))
        for name in self._shared:
            async for job in self._store.jobs(JobFilter(route=name)):
                for attempt in job.attempts:
                    self._share(attempt, name)

    def estimate(self, name: str, account: Account, kind: str, request_kind: str) -> Estimate:
        """Say what a call may cost: by the user, the vendor's documents, or the dearest that was seen."""
        said = estimate(account, kind, request_kind)
        dearest = self._dearest.get(f"{name}/{kind}")
        if said.credits is None and dearest is not None:
            return Estimate(credits=dearest, unit=said.unit, source="seen")
        return said

    def reserve(
        self, name: str, account: Account, said: Estimate, *, most: Budget | None, unpriced: bool, route: str = ""
    ) -> Reservation:
        """Set the estimate aside, or raise BudgetExceeded; nothing else runs in between."""
        reserved = Reservation(name, said.credits, route)
        purse, shared = self._purses.get(name), self._shared.get(route)
        if purse is None and shared is None and most is None:
            return reserved
        if said.credits is None:
            if unpriced:
                return reserved
            raise BudgetExceeded(
                f"{name}: nobody can say what this costs, and there is a budget; nothing was sent. "
                "Set `estimate` on the account, or allow it by `allow_unpriced`"
            )
        now = moment(self._clock)
        if most is not None:
            Purse(name, most, account.price).check(said.credits, now)
        if purse is not None:
            purse.check(said.credits, now)
        if shared is not None:
            amount = worth(said.credits, account.price, self._currencies[route])
            if amount is None:
                raise ConfigError(
                    f"the budget of route {route} is in {self._currencies[route]}, and {name} has no price in it",
                    remedy=f'Set price = "0.05 {self._currencies[route]}" on the account',
                )
            shared.check(amount, now)
            shared.hold(reserved, now, amount)
        if purse is not None:
            purse.hold(reserved, now, said.credits)
        return reserved

    def release(self, reserved: Reservation) -> None:
        """Nothing came of it: give back what was set aside."""
        if not self._capped:
            return
        for purse in (self._purses.get(reserved.account), self._shared.get(reserved.route)):
            if purse is not None:
                purse.release(reserved)

    def keep(self, reserved: Reservation, attempt: Attempt) -> None:
        """The attempt is in the journal, with its reservation: count it instead of what was set aside for it."""
        if self._capped:
            self.release(reserved)
            self.news(attempt, reserved.route)

    def news(self, attempt: Attempt, route: str = "", old: Attempt | None = None) -> None:
        """Count an attempt as its books stand now; `old`: as they stood before, if that was counted."""
        if self._capped:
            if purse := self._purses.get(attempt.account):
                purse.hold(attempt.id, charged_at(attempt), counted(attempt))
            self._share(attempt, route)
        elif old is not None and old.entries == attempt.entries:
            return
        if not attempt.entries or attempt.leg:
            return
        charged = attempt.credits.charged
        key = f"{attempt.account}/{attempt.kind}"
        if charged is not None and charged > self._dearest.get(key, ZERO):
            self._dearest[key] = charged
            self.unsaved = True

    def _share(self, attempt: Attempt, route: str) -> None:
        """Count an attempt against its route's budget."""
        shared = self._shared.get(route)
        if shared is None:
            return
        account = self._accounts.get(attempt.account)
        price = attempt.price or (None if account is None else account.price)
        amount = worth(counted(attempt), price, self._currencies[route])
        if amount is not None:
            shared.hold(attempt.id, charged_at(attempt), amount)

    async def save(self) -> None:
        """Keep what was seen."""
        self.unsaved = False
        await self._store.put(_DEAREST, {key: str(amount) for key, amount in self._dearest.items()})
