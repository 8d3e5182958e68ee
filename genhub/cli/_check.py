"""`genhub config check`: is the configuration right? Sends nothing, shows no secret."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from genhub._account import Account
from genhub._campaign import Problem, Problems, words
from genhub._config import Source, account, find, journal, parse, read, route
from genhub._errors import ConfigError
from genhub._plain import converter
from genhub.cli._session import Session, options, pass_session
from genhub.cli._tables import accounts_in, routes_in, tables_of
from genhub.routing import Route


@click.group()
def config() -> None:
    """About the configuration."""


@config.command()
@options
@pass_session
def check(session: Session) -> None:
    """Check genhub.toml: every account, every route, every variable. Nothing is sent."""
    place = Path(session.config) if session.config is not None else find()
    data, source = parse(place)
    problems: list[Problem] = []
    accounts = _accounts(data, source, problems)
    routes = _routes(data, source, accounts, problems)
    url = ""
    try:
        url = journal(data, os.environ, source)
        if not problems:
            read(data, os.environ, source)
    except ConfigError as error:
        problems.append(_problem(error, str(place)))
    if problems:
        raise Problems(problems)
    if session.out.json:
        session.out.data(
            {
                "config": str(place),
                "journal": url,
                "accounts": {
                    name: {"provider": each.provider.name, "base_url": each.provider.base_url}
                    for name, each in accounts.items()
                },
                "routes": {name: converter.unstructure(each) for name, each in routes.items()},
            }
        )
        return
    rows = [
        (name, each.provider.name, each.provider.base_url, f"1 credit is {each.price}" if each.price else "no price")
        for name, each in accounts.items()
    ]
    session.out.table(("account", "provider", "base_url", "price"), rows)
    session.out.line()
    if routes:
        lines = [(name, ", ".join(each.names), str(each.policy), _terms(each)) for name, each in routes.items()]
        session.out.table(("route", "accounts", "policy", "terms"), lines)
        session.out.line()
    session.out.line(f"{place} is right; the journal is {url}")


def _accounts(data: Mapping[str, Any], source: Source, problems: list[Problem]) -> dict[str, Account]:
    """Build each account by itself, so that what is wrong with one does not hide another."""
    found: dict[str, Account] = {}
    for name, table in tables_of(data.get("accounts")).items():
        try:
            found[name] = account(name, table, os.environ, source)
        except ConfigError as error:
            problems.append(_problem(error, source.at("accounts", name)))
    return found


def _routes(
    data: Mapping[str, Any], source: Source, accounts: Mapping[str, Account], problems: list[Problem]
) -> dict[str, Route]:
    """Build each route by itself; one over an account that is wrong can't be judged before that is right."""
    found: dict[str, Route] = {}
    wrong = tables_of(data.get("accounts")).keys() - accounts.keys()
    for name, given in routes_in(data).items():
        if wrong.isdisjoint(accounts_in(given)):
            try:
                found[name] = route(name, given, accounts, source)
            except ConfigError as error:
                problems.append(_problem(error, source.at("routes", name)))
    return found


def _terms(each: Route) -> str:
    """Return what a route says beside its accounts, in a few words."""
    said: list[str] = [each.portability]
    if each.max_spend is not None:
        said.append(f"at most {each.max_spend} a job")
    if each.budget is not None:
        said.append(f"{each.budget.amount} {each.budget.currency or 'credits'} per {each.budget.per}")
    if each.deadline is not None:
        said.append(f"{words.seconds(each.deadline)} an attempt, then {each.on_deadline}")
    if each.hedge_after is not None:
        after = each.hedge_after if isinstance(each.hedge_after, str) else words.seconds(each.hedge_after)
        said.append(f"a second one after {after}")
    if each.on_unknown != "wait":
        said.append(f"in doubt: {each.on_unknown}")
    if each.reuse:
        said.append(f"reuse within {words.seconds(each.reuse)}")
    return ", ".join(said)


def _problem(error: ConfigError, where: str) -> Problem:
    return Problem(where=error.where or where, message=error.message, remedy=error.remedy)
