"""What `--to` names: an account, a route, or accounts in the order in which they are tried."""

from __future__ import annotations

from typing import Any

import click

from genhub._campaign.problems import meant
from genhub._campaign.row import to_of
from genhub._errors import ConfigError
from genhub._hub import Hub

Target = str | tuple[str, ...]


class To(click.ParamType[Target]):
    """`powerpost`, `captions`, `powerpost,adgen`."""

    name = "account|route|a,b"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Target:
        if isinstance(value, tuple):
            return value  # pyright: ignore[reportUnknownVariableType]
        try:
            return to_of([name.strip() for name in str(value).split(",")])
        except ValueError as error:
            self.fail(str(error), param, ctx)


TO = To()


def check(hub: Hub, to: Target | None) -> None:
    """Raise ConfigError unless the hub knows who is to do it: before anything is written."""
    accounts, routes = hub.accounts(), hub.routes()
    if to is None:
        if "default" not in routes and len(accounts) != 1:
            names = ", ".join((*accounts, *routes))
            raise ConfigError("who is to do it is not said", remedy=f"Add --to, one of {names}, or several: a,b")
        return
    if isinstance(to, str):
        if to not in accounts and to not in routes:
            what = f"there is no account {to!r}" + (f", and no route {to!r}" if routes else "")
            raise ConfigError(what, remedy=meant(to, (*accounts, *routes)))
        return
    for name in to:
        if name in routes:
            raise ConfigError(f"{name!r} is a route, and a list is of accounts", remedy=f"Write --to {name} alone")
        if name not in accounts:
            raise ConfigError(f"there is no account {name!r}", remedy=meant(name, accounts))
