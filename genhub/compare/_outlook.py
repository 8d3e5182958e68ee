"""What each target would do with each case, before anything is sent: who can, at what estimate, under which cap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from attrs import frozen

from genhub._campaign.campaign import plan_of
from genhub._campaign.problems import Problem, Problems, meant
from genhub._campaign.row import Row
from genhub._credits import ZERO, Price
from genhub._errors import UnsupportedRequest
from genhub._hub import Hub
from genhub._jobs import Adjustment
from genhub._plan import Option
from genhub.compare._records import Case, Trial
from genhub.compare._suite import Suite
from genhub.compare._trials import trials_of
from genhub.routing import nothing_bought

#: A case's name, and a target's.
Pair = tuple[str, str]


@frozen(kw_only=True)
class Offer:
    """What a target would do with a case. Of a route's accounts the dearest counts."""

    target: str
    case: str
    impossible: str | None = None  #: why it can't: nothing is sent then
    adjustments: tuple[Adjustment, ...] = ()
    credits: Decimal | None = None  #: an estimate, in `unit`; `None`: nobody can say
    unit: str | None = None  #: `None`: its accounts have several
    money: Decimal | None = None  #: the estimate in `currency`; `None`: no estimate, or no price
    currency: str | None = None

    def worth(self, cap: Price | Decimal | None) -> Decimal | None:
        """Return the estimate in the cap's own unit; None when it can't be said."""
        if isinstance(cap, Price):
            return self.money if self.currency == cap.currency else None
        return self.credits


@frozen(kw_only=True)
class Outlook:
    """All that is planned."""

    trials: tuple[Trial, ...]
    offers: Mapping[Pair, Offer]
    bought: frozenset[str] = frozenset()  #: the keys of runs that an earlier process sent

    def offer(self, trial: Trial) -> Offer:
        return self.offers[trial.case, trial.target]

    def ahead(self, target: str | None = None) -> list[tuple[Trial, Offer]]:
        """Return the runs that would be sent now, with what each may cost."""
        return [
            (trial, self.offer(trial))
            for trial in self.trials
            if trial.key not in self.bought
            and self.offer(trial).impossible is None
            and (target is None or trial.target == target)
        ]


async def look_ahead(suite: Suite, hub: Hub, *, fresh: str | None = None) -> Outlook:
    """Plan a suite at a hub; sends nothing. The hub need not be open: then it is taken that nothing was bought yet.

    Raises Problems when it can't be run as it is: an unknown target, a cap that can't be held or is below the cheapest
    request, requests that nobody can do.
    """
    _known(suite, hub)
    offers = {
        (case.name, target): await _offer(suite, case, target, hub) for case in suite.cases for target in suite.targets
    }
    problems = [*_nobody(suite, offers.values()), *_capped(suite, offers.values())]
    if problems:
        raise Problems(problems)
    trials = trials_of(suite, fresh=fresh)
    bought: set[str] = set()
    if hub.is_open:
        for trial in trials:
            job = await hub.store.keyed(trial.key)
            if job is not None and not nothing_bought(job):
                bought.add(trial.key)
    return Outlook(trials=trials, offers=offers, bought=frozenset(bought))


def _known(suite: Suite, hub: Hub) -> None:
    known = (*hub.accounts(), *hub.routes())
    problems = [
        Problem(
            where=suite.at("targets"),
            field="targets",
            message=f"there is no account and no route {name!r}",
            remedy=meant(name, known),
        )
        for name in suite.targets
        if name not in known
    ]
    if problems:
        raise Problems(problems)


async def _offer(suite: Suite, case: Case, target: str, hub: Hub) -> Offer:
    where = suite.at(case.name)
    row = Row(where=where, number=1, request=case.request, to=target, portability=suite.portability)
    try:
        plan = await plan_of(row, hub)
    except UnsupportedRequest as error:  # the route is not for such requests
        return Offer(target=target, case=case.name, impossible=_bare(str(error), target))
    options = [each for each in plan.options if each.supported and each.tried]
    best = plan.best
    if best is None or not options:
        whys = dict.fromkeys(_bare(each.impossible or "it can't be done", each.account) for each in plan.options)
        several = len(plan.options) > 1
        whole = {each.account: _bare(each.impossible or "it can't be done", each.account) for each in plan.options}
        why = "; ".join(f"{name}: {said}" for name, said in whole.items()) if several else "; ".join(whys)
        return Offer(target=target, case=case.name, impossible=why)
    units = {_unit(each) for each in options}
    currencies = {each.currency for each in options}
    return Offer(
        target=target,
        case=case.name,
        adjustments=best.adjustments,
        credits=_dearest(None if each.estimate is None else each.estimate.credits for each in options)
        if len(units) == 1
        else None,
        unit=units.pop() if len(units) == 1 else None,
        money=_dearest(each.money for each in options) if len(currencies) == 1 else None,
        currency=currencies.pop() if len(currencies) == 1 else None,
    )


def _bare(why: str, name: str) -> str:
    return why.removeprefix(f"{name}: ").removesuffix("; nothing was sent")


def _unit(option: Option) -> str | None:
    return None if option.estimate is None else option.estimate.unit


def _dearest(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known: list[Decimal] = []
    for amount in amounts:
        if amount is None:
            return None
        known.append(amount)
    return max(known, default=ZERO)


def _nobody(suite: Suite, offers: Iterable[Offer]) -> list[Problem]:
    """A suite that none of its targets can do any of is a mistake, and no result."""
    several = list(offers)
    if any(each.impossible is None for each in several):
        return []
    whys = "; ".join(dict.fromkeys(f"{each.target}: {each.impossible}" for each in several))
    remedy = None if suite.portability == "adjust" else 'portability = "adjust" allows changes'
    where = suite.at("targets")
    return [
        Problem(where=where, field="targets", message=f"no target can do any of the requests: {whys}", remedy=remedy)
    ]


def _capped(suite: Suite, offers: Iterable[Offer]) -> list[Problem]:
    """A cap is held only where it can be told what a run may cost."""
    cap = suite.max_spend
    able = [each for each in offers if each.impossible is None]
    if cap is None or not able:
        return []
    where = suite.at("max_spend")

    def problem(message: str, remedy: str | None = None) -> list[Problem]:
        return [Problem(where=where, field="max_spend", message=message, remedy=remedy)]

    if isinstance(cap, Price):
        unpriced = dict.fromkeys(each.target for each in able if each.currency != cap.currency)
        if unpriced and not suite.allow_unpriced:
            remedy = f'Set price = "0.05 {cap.currency}" on the account, or allow_unpriced = true in the suite'
            return problem(f"is in {cap.currency}, and there is no price in it at {', '.join(unpriced)}", remedy)
    else:
        units = {each.unit for each in able}
        if len(units) > 1 or None in units:
            said = ", ".join(sorted(unit or "several kinds" for unit in units))
            return problem(f"is in credits, and the targets have different ones: {said}", "Say it in money: '2 USD'")
    costs = [(each.worth(cap), each) for each in able]
    unknown = dict.fromkeys(f"{each.case} at {each.target}" for worth, each in costs if worth is None)
    if unknown and not suite.allow_unpriced:
        some = ", ".join(list(unknown)[:3]) + (", …" if len(unknown) > 3 else "")
        remedy = "Set `estimate` on the account, or allow_unpriced = true in the suite"
        return problem(f"can't be held: nobody can say what this costs: {some}", remedy)
    known = [(worth, each) for worth, each in costs if worth is not None]
    if known:
        least, cheapest = min(known, key=lambda pair: pair[0])
        if not unknown and least > (cap.amount if isinstance(cap, Price) else cap):
            what = f"{cheapest.case} at {cheapest.target}, {amount(least, cap, cheapest.unit)}"
            return problem(f"is below the cheapest request: {what}", "Nothing could be sent: raise it, or leave it out")
    return []


def amount(value: Decimal, cap: Price | Decimal | None, unit: str | None = None) -> str:
    """Write an amount in the unit of a cap."""
    number = f"{value.normalize():f}" if value else "0"
    return f"{number} {cap.currency if isinstance(cap, Price) else unit or 'credits'}"
