"""A campaign: many requests in one file, checked as a whole before anything is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from attrs import evolve, frozen

from genhub._campaign import sheet as sheets
from genhub._campaign.problems import Problem, Problems, meant
from genhub._campaign.row import Draft, Row, build, defaults_of
from genhub._plain import to_dict
from genhub._requests import Request

if TYPE_CHECKING:
    from genhub._hub import Hub
    from genhub.stores import JobStore


@frozen(kw_only=True)
class Campaign:
    """The rows of a file."""

    path: Path
    rows: tuple[Row, ...]

    def keys(self) -> dict[int, str]:
        """Return the hub's key of each row, by its number.

        The same request to the same account has the same key wherever it stands in the file, so that moving rows, or
        giving them another label, buys nothing again. Equal requests are counted.
        """
        seen: dict[str, int] = {}
        keys: dict[int, str] = {}
        for row in self.rows:
            own = row.key if row.key is not None else fingerprint(row)
            seen[own] = seen.get(own, 0) + 1
            keys[row.number] = f"{self.path.stem}:{own}" + (f"#{seen[own]}" if seen[own] > 1 else "")
        return keys


def fingerprint(row: Row) -> str:
    """Return what tells one row's request from another's: what is asked for, and of whom."""
    text = orjson.dumps([row.to, _intention(row.request)], option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(text).hexdigest()[:16]


def read(path: str | Path, accounts: Collection[str] | None = None) -> Campaign:
    """Read a campaign; raises Problems that name everything that is wrong in it.

    With `accounts` (their names) each row is given the one that it goes to.
    """
    campaign, problems = _read(path, accounts)
    if problems:
        raise Problems(problems)
    return campaign


def _read(path: str | Path, accounts: Collection[str] | None) -> tuple[Campaign, list[Problem]]:
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
        addressed = {draft.number: _account(draft, accounts, problems) for draft in drafts}
        rows = [evolve(row, to=to) for row in rows if (to := addressed[row.number]) is not None]
    return Campaign(path=path, rows=tuple(rows)), problems


async def load(path: str | Path, hub: Hub) -> Campaign:
    """Read a campaign and hold every row against its account; the hub need not be open, nothing is sent.

    Raises Problems that name everything that is wrong.
    """
    campaign, problems = _read(path, hub.accounts())
    for row in campaign.rows:
        plan = await hub.plan(row.request, to=row.to, portability=row.portability)
        if plan.best is None:
            why = plan.options[0].impossible or "it can't be done"
            remedy = 'portability = "adjust" allows changes' if row.portability == "strict" else None
            problems.append(Problem(where=row.where, message=why, remedy=remedy))
    if problems:
        raise Problems(problems)
    return campaign


async def check_keys(campaign: Campaign, store: JobStore) -> None:
    """Raise Problems when the journal has a row's key for another request: that would not be sent."""
    keys = campaign.keys()
    problems: list[Problem] = []
    for row in campaign.rows:
        earlier = await store.keyed(keys[row.number])
        if earlier is not None and (_intention(earlier.request) != _intention(row.request) or earlier.to != (row.to,)):
            message = f"the key {row.key!r} belongs to another request, {earlier.id} at {earlier.account}"
            remedy = "A new request needs a new key"
            problems.append(Problem(where=row.where, field="key", message=message, remedy=remedy))
    if problems:
        raise Problems(problems)


def _intention(request: Request) -> dict[str, Any]:
    """Return what is asked for, without what is for the user's own books."""
    return {name: value for name, value in to_dict(request).items() if name not in ("label", "tags")}


def _account(draft: Draft, accounts: Collection[str], problems: list[Problem]) -> str | None:
    to = draft.said.get("to")
    if to is None and len(accounts) == 1:
        return next(iter(accounts))
    if to is None:
        remedy = f"Add to = ..., one of {', '.join(accounts) or 'none'}"
        where = draft.raw.at(None)
        problems.append(Problem(where=where, field="to", message="which account is not said", remedy=remedy))
    elif isinstance(to, str) and to in accounts:
        return to
    elif isinstance(to, str) and to.strip():
        where, message = draft.raw.at("to"), f"there is no account {to!r}"
        problems.append(Problem(where=where, field="to", message=message, remedy=meant(to, accounts)))
    return None


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
