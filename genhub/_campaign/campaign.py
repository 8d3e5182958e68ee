"""A campaign: many requests in one file, checked as a whole before anything is sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from genhub._campaign import sheet as sheets
from genhub._campaign.problems import Problem, Problems, meant
from genhub._campaign.row import Draft, Row, build, defaults_of, to_of
from genhub._errors import UnsupportedRequest
from genhub.routing import fingerprint, intention

if TYPE_CHECKING:
    from genhub._hub import Hub
    from genhub._plan import Plan
    from genhub.stores import JobStore


@frozen(kw_only=True)
class Campaign:
    """The rows of a file."""

    path: Path
    rows: tuple[Row, ...]

    def keys(self) -> dict[int, str]:
        """Return the hub's key of each row, by its number.

        The same request to the same account or route has the same key wherever it stands in the file, so that moving
        rows, or giving them another label, buys nothing again. Equal requests are counted.
        """
        seen: dict[str, int] = {}
        keys: dict[int, str] = {}
        for row in self.rows:
            own = row.key if row.key is not None else fingerprint(row.request, row.to)
            seen[own] = seen.get(own, 0) + 1
            keys[row.number] = f"{self.path.stem}:{own}" + (f"#{seen[own]}" if seen[own] > 1 else "")
        return keys


def read(path: str | Path, accounts: Collection[str] | None = None, routes: Collection[str] = ()) -> Campaign:
    """Read a campaign; raises Problems that name everything that is wrong in it.

    With the names of `accounts` and `routes` each row is given the one that it goes to.
    """
    campaign, problems = _read(path, accounts, routes)
    if problems:
        raise Problems(problems)
    return campaign


def _read(
    path: str | Path, accounts: Collection[str] | None, routes: Collection[str]
) -> tuple[Campaign, list[Problem]]:
    """Return the rows that nothing is wrong with, and all that is wrong with the others."""
    path = Path(path)
    sheet = sheets.read(path)
    problems = [*sheet.problems]
    defaults = defaults_of(sheet.defaults, problems)
    drafts = [build(raw, number, defaults, problems) for number, raw in enumerate(sheet.rows, 1)]
    _keys_differ(drafts, problems)
    _waits_end(drafts, problems)
    rows = [draft.row for draft in drafts if draft.row is not None]
    if accounts is not None:
        addressed = {draft.number: _addressed(draft, accounts, routes, problems) for draft in drafts}
        rows = [evolve(row, to=to) for row in rows if (to := addressed[row.number]) is not None]
    return Campaign(path=path, rows=tuple(rows)), problems


async def load(path: str | Path, hub: Hub) -> Campaign:
    """Read a campaign and hold every row against its account or route; the hub need not be open, nothing is sent.

    Raises Problems that name everything that is wrong.
    """
    campaign, problems = _read(path, hub.accounts(), hub.routes())
    for row in campaign.rows:
        try:
            plan = await plan_of(row, hub)
        except UnsupportedRequest as error:  # the route is not for such requests
            problems.append(Problem(where=row.where, message=str(error)))
            continue
        if plan.best is None:
            adjusts = row.portability == "adjust" or plan.route is not None
            remedy = None if adjusts else 'portability = "adjust" allows changes'
            problems.append(Problem(where=row.where, message=_why_not(plan), remedy=remedy))
    if problems:
        raise Problems(problems)
    return campaign


async def plan_of(row: Row, hub: Hub) -> Plan:
    """Return what would become of a row, under the terms on which it is sent."""
    strict = row.portability is None and isinstance(row.to, str) and row.to not in hub.routes()
    return await hub.plan(row.request, to=row.to, portability="strict" if strict else row.portability)


def _why_not(plan: Plan) -> str:
    whys = {option.account: option.impossible or "it can't be done" for option in plan.options}
    if len(whys) == 1:
        return next(iter(whys.values()))
    return "; ".join(why if why.startswith(f"{name}: ") else f"{name}: {why}" for name, why in whys.items())


async def check_keys(campaign: Campaign, store: JobStore) -> None:
    """Raise Problems when the journal has a row's key for another request: that would not be sent."""
    keys = campaign.keys()
    problems: list[Problem] = []
    for row in campaign.rows:
        earlier = await store.keyed(keys[row.number])
        if earlier is not None and (intention(earlier.request) != intention(row.request) or earlier.to != row.names):
            message = f"the key {row.key!r} belongs to another request, {earlier.id} at {earlier.account}"
            remedy = "A new request needs a new key"
            problems.append(Problem(where=row.where, field="key", message=message, remedy=remedy))
    if problems:
        raise Problems(problems)


def _addressed(
    draft: Draft, accounts: Collection[str], routes: Collection[str], problems: list[Problem]
) -> str | tuple[str, ...] | None:
    """Return to whom a row goes; None when that is not said, or wrong."""
    said = draft.said.get("to")
    if said is None:
        if "default" in routes:
            return "default"
        if len(accounts) == 1:
            return next(iter(accounts))
        remedy = f"Add to = ..., one of {', '.join((*accounts, *routes)) or 'none'}"
        where = draft.raw.at(None)
        problems.append(Problem(where=where, field="to", message="which account is not said", remedy=remedy))
        return None
    try:
        to = to_of(said)
    except ValueError:  # said already
        return None
    known = {*accounts, *routes} if isinstance(to, str) else {*accounts}
    wrong = [name for name in ([to] if isinstance(to, str) else to) if name not in known]
    for name in wrong:
        where, message = draft.raw.at("to"), f"there is no account {name!r}"
        if name in routes:
            message, remedy = f"{name!r} is a route, and a list is of accounts", f"Write to = {name!r} alone"
        else:
            message += "" if not routes or not isinstance(to, str) else f", and no route {name!r}"
            remedy = meant(name, known)
        problems.append(Problem(where=where, field="to", message=message, remedy=remedy))
    return None if wrong else to


def _keys_differ(drafts: Sequence[Draft], problems: list[Problem]) -> None:
    first: dict[str, Draft] = {}
    for draft in drafts:
        key = draft.text("key")
        if key is not None and (other := first.setdefault(key, draft)) is not draft:
            message = f"the key {key!r} is that of {other.raw.at('key')} too"
            remedy = "Give each request a key of its own, or none"
            problems.append(Problem(where=draft.raw.at("key"), field="key", message=message, remedy=remedy))


def _waits_end(drafts: Sequence[Draft], problems: list[Problem]) -> None:
    """Rows that wait for others: these are there, and don't wait in turn."""
    labels = {label: draft for draft in drafts if (label := draft.text("label")) is not None}
    for draft in drafts:
        after = draft.text("after")
        if after is not None and after not in labels:
            remedy = meant(after, labels.keys())
            message = f"no request has the label {after!r}"
            problems.append(Problem(where=draft.raw.at("after"), field="after", message=message, remedy=remedy))
        seen = {draft.number}
        while after is not None and (other := labels.get(after)) is not None:
            if other.number in seen:
                message = "it would wait for itself"
                problems.append(Problem(where=draft.raw.at("after"), field="after", message=message))
                break
            seen.add(other.number)
            after = other.text("after")
