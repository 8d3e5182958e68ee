"""`genhub.toml`: accounts and the journal, from a file or from the environment."""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from attrs import NOTHING, field, fields, frozen

from genhub import _registry
from genhub._account import Account
from genhub._errors import ConfigError
from genhub._lines import line_of
from genhub._schedule import READ_PRICE
from genhub._settings import duration, resolve, structure, unknown_name
from genhub.routing import Route, Via, check

FILE = "genhub.toml"
JOURNAL = "sqlite:///genhub.db"
_TABLES = frozenset({"accounts", "routes", "journal", "reading"})
_ROUTE = frozenset(each.name for each in fields(Route))
_OWN = frozenset(each.name for each in fields(Account)) - {"provider"}


@frozen(kw_only=True)
class Config:
    """What a configuration says."""

    accounts: Mapping[str, Account]
    routes: Mapping[str, Route] = field(factory=dict[str, Route])
    journal: str = JOURNAL
    read_price: float = READ_PRICE  #: the seconds of delay that one read of a job is worth
    path: Path | None = None


def find(env: Mapping[str, str] | None = None) -> Path:
    """Return the file that counts: here, then `$GENHUB_CONFIG`, then the user's config folder."""
    env = os.environ if env is None else env
    home = Path(env.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    places = [Path(FILE), *([Path(env["GENHUB_CONFIG"])] if env.get("GENHUB_CONFIG") else []), home / "genhub" / FILE]
    for place in places:
        if place.is_file():
            return place
    looked = ", ".join(str(place) for place in places)
    raise ConfigError(f"there is no {FILE} (looked at {looked})", remedy="Write one, or name it by --config")


def load(path: str | Path | None = None, env: Mapping[str, str] | None = None) -> Config:
    """Read a configuration; raises ConfigError with file, line and remedy."""
    env = os.environ if env is None else env
    data, source = parse(find(env) if path is None else Path(path))
    return read(data, env, source=source)


def parse(place: Path) -> tuple[Mapping[str, Any], Source]:
    """Return a file's plain data; raises ConfigError."""
    try:
        text = place.read_text("utf-8")
    except FileNotFoundError:
        raise ConfigError("there is no such file", where=str(place), remedy="Write one, or name another") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"can't be read: {error}", where=str(place)) from None
    try:
        return tomllib.loads(text), Source(place, text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"is not TOML: {error}", where=str(place)) from None


@frozen
class Source:
    """Where settings were read, for messages."""

    path: Path | None = None
    text: str = ""

    def at(self, *keys: str | int) -> str:
        """Return `file:line: accounts.powerpost.api_key`."""
        dotted = ".".join(str(key) for key in keys)
        if self.path is None:
            return dotted
        line = line_of(self.text, keys)
        return f"{self.path}:{line}: {dotted}" if line is not None else f"{self.path}: {dotted}"


def read(data: Mapping[str, Any], env: Mapping[str, str], source: Source | None = None) -> Config:
    """Build a configuration from a file's plain data."""
    source = source or Source()
    for name in data:
        if name not in _TABLES:
            raise unknown_name("table", name, _TABLES, source.at(name))
    tables = _table(data.get("accounts", {}), source.at("accounts"))
    if not tables:
        remedy = 'Add a table like [accounts.powerpost] with provider = "powerpost"'
        raise ConfigError("there is no account", where=str(source.path) if source.path else None, remedy=remedy)
    accounts = {
        name: account(name, _table(table, source.at("accounts", name)), env, source) for name, table in tables.items()
    }
    routes = {
        name: route(name, value, accounts, source)
        for name, value in _table(data.get("routes", {}), source.at("routes")).items()
    }
    return Config(
        accounts=accounts,
        routes=routes,
        journal=journal(data, env, source),
        read_price=read_price(data, source),
        path=source.path,
    )


def journal(data: Mapping[str, Any], env: Mapping[str, str], source: Source) -> str:
    """Return the journal's URL, without a look at the accounts: who only reads needs none of their secrets."""
    table = _table(data.get("journal", {}), source.at("journal"))
    for key in table:
        if key != "url":
            raise unknown_name("setting", key, {"url"}, source.at("journal", key))
    url = resolve(table.get("url", JOURNAL), env, source.at("journal", "url"))
    if not isinstance(url, str):
        raise ConfigError(f"the journal's url is text, not {url!r}", where=source.at("journal", "url"))
    return _beside(url, source.path)


def read_price(data: Mapping[str, Any], source: Source) -> float:
    """Return the seconds of delay that one read is worth."""
    table = _table(data.get("reading", {}), source.at("reading"))
    for key in table:
        if key != "price":
            raise unknown_name("setting", key, {"price"}, source.at("reading", key))
    try:
        price = duration(table.get("price", READ_PRICE))
    except ValueError as error:
        raise ConfigError(str(error), where=source.at("reading", "price")) from None
    if not 0 < price < math.inf:
        raise ConfigError("a read is worth more than no time", where=source.at("reading", "price"))
    return price


def account(name: str, table: Mapping[str, Any], env: Mapping[str, str], source: Source | None = None) -> Account:
    """Build one account from its table."""
    source = source or Source()
    where = source.at("accounts", name)
    provider = table.get("provider")
    if not isinstance(provider, str):
        known = ", ".join(_registry.providers())
        raise ConfigError("provider is missing", where=where, remedy=f"One of: {known}")
    try:
        kind = _registry.load(provider)
    except ConfigError as error:
        raise ConfigError(error.message, where=source.at("accounts", name, "provider"), remedy=error.remedy) from error
    settings = {
        key: resolve(value, env, source.at("accounts", name, key)) for key, value in table.items() if key != "provider"
    }
    theirs = {each.name for each in fields(kind)}
    for key in settings:
        if key not in theirs | _OWN:
            raise unknown_name("setting", key, theirs | _OWN, source.at("accounts", name, key))

    def at(*keys: str) -> str:
        return source.at("accounts", name, *keys)

    bound = structure(kind, {key: value for key, value in settings.items() if key in theirs}, at, also=_OWN)
    own = {key: value for key, value in settings.items() if key in _OWN}
    return structure(Account, {**own, "provider": bound}, at)


def route(name: str, given: Any, accounts: Mapping[str, Account], source: Source | None = None) -> Route:
    """Build one route from its table, or from a bare list of accounts."""
    source = source or Source()

    def at(*keys: str) -> str:
        return source.at("routes", name, *keys)

    listed = cast("object", {"accounts": given} if isinstance(given, list) else given)
    table = _table(listed, at())
    for key in table:
        if key not in _ROUTE:
            raise unknown_name("setting", key, _ROUTE, at(key))
    built = structure(Route, {**table, "accounts": _vias(table.get("accounts"), at)}, at)
    try:
        check(name, built, accounts)
    except ConfigError as error:
        raise ConfigError(error.message, where=at(), remedy=error.remedy) from None
    return built


def _vias(given: Any, at: Callable[..., str]) -> list[Via]:
    """Read a route's accounts: names, or tables with a name and conditions."""
    if not isinstance(given, list) or not given:
        raise ConfigError("accounts is a list of accounts' names", where=at("accounts"), remedy='Write ["...", "..."]')
    where = at("accounts")
    return [
        Via(account=each) if isinstance(each, str) else structure(Via, _table(each, where), lambda *_: where)
        for each in cast("Sequence[Any]", given)
    ]


def from_env(env: Mapping[str, str] | None = None) -> Config:
    """Build an account for each provider whose settings the environment holds, named like the provider.

    A setting is `PROVIDER_SETTING`, as in `POWERPOST_API_KEY`; the journal is `GENHUB_JOURNAL`.
    """
    env = os.environ if env is None else env
    tables: dict[str, dict[str, Any]] = {}
    for name in _registry.providers():
        kind = _registry.load(name)
        table = {
            each.name: env[variable]
            for each in fields(kind)
            if each.init and (variable := f"{name}_{each.name}".upper()) in env
        }
        required = [each.name for each in fields(kind) if each.init and each.default is NOTHING]
        if table and all(field in table for field in required):
            tables[name] = {"provider": name, **table}
    if not tables:
        raise ConfigError(
            "no provider's settings are in the environment",
            remedy="Set for instance POWERPOST_API_KEY and POWERPOST_WORKSPACE_ID",
        )
    accounts = {name: account(name, table, {}) for name, table in tables.items()}
    return Config(accounts=accounts, journal=env.get("GENHUB_JOURNAL", JOURNAL))


def _table(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"expected a table, got {value!r}", where=where)
    return cast(Mapping[str, Any], value)


def _beside(url: str, path: Path | None) -> str:
    """A journal's relative path counts from the file that names it."""
    prefix = "sqlite:///"
    if path is None or not url.startswith(prefix) or url.startswith(prefix + "/") or len(url) == len(prefix):
        return url
    return prefix + str(path.parent / url.removeprefix(prefix)) if str(path.parent) != "." else url
