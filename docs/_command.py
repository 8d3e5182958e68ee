"""The command's own account of itself, as Markdown."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import click

from docs._tables import block, table

#: Options that every command has: told once.
COMMON = ("--config", "--journal", "--json", "--verbose", "--help", "-h")

#: What click calls things, in fewer words.
_METAVARS = {"INTEGER RANGE": "N", "INTEGER": "N", "FLOAT": "NUMBER", "FLOAT RANGE": "NUMBER"}


def root() -> click.Group:
    """Return `genhub`."""
    from genhub.cli._app import root as found

    assert isinstance(found, click.Group)
    return found


def commands(group: click.Group | None = None, above: str = "genhub") -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its name in full, groups before what is in them."""
    group = group or root()
    context = click.Context(group, info_name=above)
    for name in group.list_commands(context):
        try:
            found = group.get_command(context, name)
        except ModuleNotFoundError as error:
            if not (error.name or "").startswith("genhub.cli."):
                raise
            continue
        if found is None or found.hidden:
            continue
        yield f"{above} {name}", found
        if isinstance(found, click.Group):
            yield from commands(found, f"{above} {name}")


def usage(name: str, command: click.Command) -> str:
    """Return how it is called."""
    parts = [each.make_metavar(click.Context(command)) for each in command.params if isinstance(each, click.Argument)]
    parts += ["[OPTIONS]"] if _own(command) else []
    parts += ["COMMAND"] if isinstance(command, click.Group) else []
    return " ".join([name, *parts])


def words(command: click.Command) -> str:
    """Return what it says about itself."""
    text = inspect.cleandoc(command.help or "")
    paragraphs = [part for part in text.split("\n\n") if part.strip()]
    return "\n\n".join(_paragraph(part) for part in paragraphs)


def _paragraph(part: str) -> str:
    if part.startswith("\b"):
        return "```text\n" + part.removeprefix("\b").strip("\n") + "\n```"
    return " ".join(part.split())


def options(command: click.Command, *, common: bool = False) -> list[tuple[str, str, str]]:
    """Return its options: names, default, help."""
    rows: list[tuple[str, str, str]] = []
    for each in command.params:
        if isinstance(each, click.Option) and not each.hidden and common is bool(set(each.opts) & set(COMMON)):
            rows.append((_names(command, each), _default(each), each.help or ""))
    return rows


def _own(command: click.Command) -> bool:
    return bool(options(command))


def _names(command: click.Command, option: click.Option) -> str:
    names = [*option.opts, *option.secondary_opts]
    takes = (
        ""
        if option.is_flag or option.count
        else " " + _METAVARS.get(metavar := option.make_metavar(click.Context(command)), metavar)
    )
    return ", ".join(f"`{name}{takes}`" for name in names)


def _default(option: click.Option) -> str:
    default: Any = option.default
    return f"`{default}`" if isinstance(default, (int, float, str)) and not option.is_flag else ""


@block
def command_reference() -> str:
    """Every command with its options."""
    parts = [
        "## Options of every command\n",
        "They may stand before or after the command.\n",
        table(["option", "meaning"], [[names, says] for names, _, says in options(root(), common=True)]),
    ]
    for name, each in commands():
        parts += [f"\n## `{name}`\n", f"```text\n{usage(name, each)}\n```\n", words(each) + "\n"]
        if rows := options(each):
            parts.append(table(["option", "default", "meaning"], rows))
    return "\n".join(parts)
