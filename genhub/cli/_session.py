"""What all commands share: the options that may stand before or after the command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import click
from attrs import define, field

from genhub._config import JOURNAL, Config, find, from_env, journal, load, parse
from genhub._errors import ConfigError
from genhub._secrets import Secret
from genhub.cli._out import Out

F = TypeVar("F", bound=Callable[..., Any])


@define(eq=False, slots=False)
class Session:
    """One call of the command."""

    config: str | None = None
    journal: str | None = None
    json: bool = False
    verbose: bool = False
    secrets: list[Secret] = field(factory=list[Secret])  #: what no output may show

    @cached_property
    def out(self) -> Out:
        return Out(json=self.json)

    def settings(self) -> Config:
        """Return the configuration: the file that counts, else the environment. Raises ConfigError."""
        try:
            config = load(self.config)
        except ConfigError as missing:
            if self.config is not None or missing.where is not None or not missing.message.startswith("there is no"):
                raise
            try:
                config = from_env()
            except ConfigError:
                raise missing from None
        for account in config.accounts.values():
            self.secrets += account.secrets()
        return config

    def journal_url(self, config: Config | None = None) -> str:
        """Return the journal's URL; without a configuration only `[journal]` of the file is read."""
        if self.journal is not None:
            return as_url(self.journal)
        if config is not None:
            return config.journal
        import os

        try:
            data, source = parse(Path(self.config) if self.config is not None else find())
        except ConfigError as error:
            if self.config is None and error.where is None:
                return os.environ.get("GENHUB_JOURNAL") or JOURNAL
            raise
        return journal(data, os.environ, source)

    def file(self) -> tuple[Mapping[str, Any], Any] | None:
        """Return the configuration's plain data when there is one; raises ConfigError when it can't be read."""
        if self.config is not None:
            return parse(Path(self.config))
        try:
            place = find()
        except ConfigError:
            return None
        return parse(place)


def as_url(journal: str) -> str:
    """Return a journal's URL; a path is that of a SQLite file."""
    if journal.startswith(("sqlite:", "memory:")) or "://" in journal:
        return journal
    return f"sqlite:///{journal}"


def options(command: F) -> F:
    """Add the common options to a command; the session gets what they say."""

    def take(context: click.Context, param: click.Parameter, value: Any) -> None:
        if value not in (None, False):
            setattr(context.ensure_object(Session), str(param.name), value)

    several: list[tuple[str, dict[str, Any]]] = [
        ("--verbose", {"is_flag": True, "help": "Show warnings too."}),
        ("--json", {"is_flag": True, "help": "Write JSON to standard output."}),
        ("--journal", {"metavar": "PATH|URL", "help": "The journal, in place of the configuration's."}),
        ("--config", {"metavar": "FILE", "help": "The configuration; without it genhub.toml here is used."}),
    ]
    for name, how in several:
        command = click.option(name, expose_value=False, callback=take, is_eager=True, **how)(command)
    return command


pass_session = click.make_pass_decorator(Session, ensure=True)
