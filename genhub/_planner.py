"""Who may do a request: what `to=` names, in which order a route tries its accounts, and what each would do."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from attrs import Factory, evolve, field, frozen

from genhub._account import Budget
from genhub._bound import Bound
from genhub._credits import Price
from genhub._desk import Desk
from genhub._errors import ConfigError, GenhubError, InvalidRequest, UnsupportedRequest
from genhub._itinerary import Itinerary, Portability, Stage
from genhub._jobs import Call
from genhub._plan import Option, Plan, impossible
from genhub._requests import Request
from genhub.routing import Contender, Route, Via, arrange, comparable

To = str | Sequence[str] | None

#: What a route that orders by figures has to know of each account before it begins.
_BY_FIGURES = ("cheapest", "fastest")


@frozen
class Named:
    """A route by its name; accounts that a call named have none."""

    name: str
    route: Route
    #: What its jobs say of where they were sent; nothing: the accounts do.
    to: tuple[str, ...] = field(
        init=False, default=Factory(lambda self: (self.name,) if self.name else (), takes_self=True)
    )


class Planner:
    """Resolves and orders a desk's accounts; sends nothing."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._routes = {name: Named(name, route) for name, route in desk.routes.items()}
        self._chance = random.Random()
        self._turns: Counter[str] = Counter()
        self._settled: dict[tuple[str, Portability], Itinerary] = {}  # of routes that are the same for every request

    def target(self, to: To) -> Bound | Named:
        """Return the account or the route that `to` names; without it the route `default`, or the only account."""
        desk = self.desk
        if to is None:
            if "default" in self._routes:
                return self._routes["default"]
            if len(desk.accounts) == 1:
                return next(iter(desk.accounts.values()))
            raise ConfigError(
                "say which account or route is to do it: to=...",
                remedy=self._there_are(),
            )
        if isinstance(to, str):
            if to in self._routes:
                return self._routes[to]
            if to not in desk.accounts and desk.routes:
                raise ConfigError(f"there is no account and no route {to!r}", remedy=self._there_are())
            return desk.account(to)
        several = tuple(to)
        for name in several:
            desk.account(name)
        if not several:
            raise ConfigError("to names no account")
        return desk.account(several[0]) if len(several) == 1 else Named("", Route(accounts=several))

    def names(self) -> tuple[str, ...]:
        """Return what `to` may name."""
        return (*self.desk.accounts, *self.desk.routes)

    def _there_are(self) -> str:
        return f"There are: {', '.join(self.names()) or 'none'}"

    def itinerary(
        self,
        named: Named,
        request: Request,
        *,
        portability: Portability | None = None,
        max_spend: Price | Decimal | None = None,
        allow_unpriced: bool | None = None,
        since: int = 0,
    ) -> tuple[Itinerary, dict[str, GenhubError]]:
        """Return a route as it is for a request now, and what keeps some of its accounts from it.

        Raises UnsupportedRequest when the route is not for such requests, ConfigError for a cap that can't be held.
        """
        route = named.route
        if max_spend is not None:
            comparable("max_spend", max_spend, {name: self.desk.accounts[name].account for name in route.names})
        how = portability or route.portability
        usual = max_spend is None and allow_unpriced is None and since == 0
        if usual and (settled := self._settled.get((named.name, how))) is not None:
            return settled, {}
        candidates, others = self._candidates(named, request, how)
        turn = self._turns[named.name]
        self._turns[named.name] += 1
        stages = arrange(route.policy, request, candidates, chance=self._chance, turn=turn) if candidates else ()
        cap = route.max_spend if max_spend is None else max_spend
        planned = (
            Itinerary(
                route=named.name,
                stages=stages,
                portability=how,
                max_attempts=route.max_attempts or 2 * len(stages),
                max_spend=cap.amount if isinstance(cap, Price) else cap,
                currency=cap.currency if isinstance(cap, Price) else None,
                allow_unpriced=route.allow_unpriced if allow_unpriced is None else allow_unpriced,
                fallback_on=route.fallback_on,
                deadline=route.deadline,
                on_deadline=route.on_deadline,
                on_unknown=route.on_unknown,
                patience=route.patience,
                hedge_after=None if isinstance(route.hedge_after, str) else route.hedge_after,
                hedge_quantile=route.quantile,
                since=since,
            ),
            others,
        )
        if usual and named.name and route.policy == "order" and _for_all(route):
            self._settled[named.name, how] = planned[0]
        return planned

    def _candidates(
        self, named: Named, request: Request, portability: Portability
    ) -> tuple[list[Contender], dict[str, GenhubError]]:
        route = named.route
        if (why := route.against(request)) is not None:
            raise UnsupportedRequest(f"the route {named.name} {why}; nothing was sent")
        figures = callable(route.policy) or route.policy in _BY_FIGURES
        found: list[Contender] = []
        others: dict[str, GenhubError] = {}
        for position, via in enumerate(route.accounts):
            if (why := via.against(request)) is not None:
                others[via.account] = UnsupportedRequest(f"{why}, by the route", account=via.account)
                continue
            bound, call = self.desk.account(via.account), None
            if figures:
                try:
                    call = bound.provider.prepare(request, "plan", adjust=portability == "adjust")
                except (UnsupportedRequest, InvalidRequest) as error:
                    others[via.account] = error.at(via.account) if isinstance(error, UnsupportedRequest) else error
                    continue
            found.append(self._candidate(bound, request, via, position, call))
        return found, others

    def _candidate(self, bound: Bound, request: Request, via: Via, position: int, call: Call | None) -> Contender:
        """Return an account with what is known of it for this kind of call."""
        billing = bound.provider.billing
        if call is None:
            return Contender(
                account=bound.name, provider=bound.provider.name, kind=None, weight=via.weight, unit=billing.unit,
                position=position,
            )  # fmt: skip
        desk, price = self.desk, bound.account.price
        said = desk.budgets.estimate(bound.name, bound.account, call.kind, request.kind)
        return Contender(
            account=bound.name,
            provider=bound.provider.name,
            kind=call.kind,
            weight=via.weight,
            estimate_money=None if said.credits is None or price is None else said.credits * price.amount,
            currency=None if price is None else price.currency,
            estimate_credits=said.credits,
            unit=billing.unit,
            source=said.source,
            cost_seen=desk.learned.cost(bound.name, call.kind),
            price=price,
            seconds=desk.learned.seconds(bound.name, call.kind),
            samples=desk.learned.count(bound.name, call.kind),
            position=position,
            adjustments=len(call.adjustments),
        )

    def plan(self, request: Request, to: To, portability: Portability | None) -> Plan:
        """Say what each account would do, in the order in which a route would try them."""
        target = None if to is None else self.target(to)
        if not isinstance(target, Named):
            several = tuple(self.desk.accounts) if target is None else (target.name,)
            how = portability or "adjust"
            return Plan(options=tuple(self._option(name, request, how) for name in several))
        how = portability or target.route.portability
        if (why := target.route.against(request)) is not None:
            raise UnsupportedRequest(f"the route {target.name} {why}; nothing was sent")
        options: list[Option] = []
        able: list[Contender] = []
        for position, via in enumerate(target.route.accounts):
            unfit = via.against(request)
            option = self._option(via.account, request, how, None if unfit is None else f"{unfit}, by the route")
            options.append(option)
            if option.supported:
                bound = self.desk.account(via.account)
                call = bound.provider.prepare(request, "plan", adjust=how == "adjust")
                able.append(self._candidate(bound, request, via, position, call))
        turn = self._turns[target.name]
        stages = arrange(target.route.policy, request, able, chance=self._chance, turn=turn) if able else ()
        return Plan(route=target.name or None, options=_in_order(options, stages))

    def _option(self, name: str, request: Request, how: Portability, unfit: str | None = None) -> Option:
        desk, bound = self.desk, self.desk.account(name)
        health = desk.healths.state(name)
        shut = desk.healths.refusal(name)
        if unfit is not None:
            return impossible(name, bound.provider.name, unfit, health)
        try:
            call = bound.provider.prepare(request, "plan", adjust=how == "adjust")
        except (UnsupportedRequest, InvalidRequest) as error:
            return impossible(name, bound.provider.name, str(error), health)
        said = desk.budgets.estimate(name, bound.account, call.kind, request.kind)
        price = bound.account.price
        return Option(
            account=name,
            provider=bound.provider.name,
            kind=call.kind,
            adjustments=call.adjustments,
            estimate=said,
            money=None if said.credits is None or price is None else said.credits * price.amount,
            currency=None if price is None else price.currency,
            seen=desk.learned.cost(name, call.kind),
            seconds=desk.learned.seconds(name, call.kind),
            slow=desk.learned.seconds(name, call.kind, 0.95),
            samples=desk.learned.count(name, call.kind),
            health=health,
            shut=shut,
        )


def _in_order(options: Sequence[Option], stages: Sequence[Stage]) -> tuple[Option, ...]:
    """Return what is possible in the order of the route, with why; then what is not."""
    by_name = {option.account: option for option in options}
    first = [evolve(by_name[stage.account], why=stage.why) for stage in stages]
    tried = {stage.account for stage in stages}
    left_out = [
        evolve(option, why="left out by the policy", tried=False) if option.supported else option
        for option in options
        if option.account not in tried
    ]
    return (*first, *left_out)


def _for_all(route: Route) -> bool:
    """True when neither the route nor one of its accounts is for some requests only."""
    return not any(each.kinds or each.platforms or each.tags for each in (route, *route.accounts))


def budget_of(cap: Price | Decimal | None) -> Budget | None:
    """Return a cap as the budget of one call."""
    if cap is None:
        return None
    if isinstance(cap, Price):
        return Budget(amount=cap.amount, per="call", currency=cap.currency)
    return Budget(amount=cap, per="call")
