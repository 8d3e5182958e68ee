"""`genhub config check`: is the configuration right? Sends nothing, shows no secret."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from genhub._account import Account
from genhub._campaign import Problem, Problems
from genhub._config import Source, account, find, journal, parse, read
from genhub._errors import ConfigError
from genhub.cli._session import Session, options, pass_session, tables_of


@click.group()
def config() -> None:
    """About the configuration."""


@config.command()
@options
@pass_session
def check(session: Session) -> None:
    """Check genhub.toml: every account, every variable. Nothing is sent."""
    place = Path(session.config) if session.config is not None else find()
    data, source = parse(place)
    accounts, problems = _accounts(data, source)
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
        shown = {name: {"provider": each.provider.name, "base_url": each.provider.base_url} for name, each in accounts}
        session.out.data({"config": str(place), "journal": url, "accounts": shown})
        return
    rows = [
        (name, each.provider.name, each.provider.base_url, f"1 credit is {each.price}" if each.price else "no price")
        for name, each in accounts
    ]
    session.out.table(("account", "provider", "base_url", "price"), rows)
    session.out.line()
    session.out.line(f"{place} is right; the journal is {url}")


def _accounts(data: Mapping[str, Any], source: Source) -> tuple[list[tuple[str, Account]], list[Problem]]:
    """Build each account by itself, so that what is wrong with one does not hide another."""
    found: list[tuple[str, Account]] = []
    problems: list[Problem] = []
    for name, table in tables_of(data.get("accounts")).items():
        try:
            found.append((name, account(name, table, os.environ, source)))
        except ConfigError as error:
            problems.append(_problem(error, source.at("accounts", name)))
    return found, problems


def _problem(error: ConfigError, where: str) -> Problem:
    return Problem(where=error.where or where, message=error.message, remedy=error.remedy)
