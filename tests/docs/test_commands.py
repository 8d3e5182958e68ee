"""The commands that the docs show are there, with these options."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from docs import _command

from ._blocks import ROOT, blocks, pages

#: In running text: `genhub settle JOB --not-submitted`. A path or a bare `genhub` is not one.
INLINE = re.compile(r"`(genhub [a-z][^`]*)`")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def shown() -> Iterator[tuple[str, str]]:
    """Yield every command line of the docs, with where it stands."""
    for page in pages():
        for block in blocks(page, "sh"):
            for number, line in enumerate(block.text.splitlines(), block.line):
                command = line.partition("  #")[0].strip()
                if command and not command.startswith("#"):
                    yield f"{page.relative_to(ROOT)}:{number}", command
        text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
        for match in INLINE.finditer(text):
            yield f"{page.relative_to(ROOT)}: {match[1]}", match[1]


LINES = list(shown())


@pytest.mark.parametrize("line", [line for _, line in LINES], ids=[where for where, _ in LINES])
def test_every_command_line_is_one(line: str) -> None:
    """Its command exists, and takes these options and as many arguments."""
    program, *words = shlex.split(line.partition(" > ")[0].replace("...", "x"))
    match program:
        case "genhub":
            _parse(_command.root(), words, "genhub")
        case "make":
            assert set(words) <= TARGETS
        case _:
            assert program in ("pip", "export", "mkdocs", "curl", "python")


def _parse(command: click.Command, words: list[str], name: str) -> None:
    context = click.Context(command, info_name=name)
    if isinstance(command, click.Group):
        values, rest, _ = command.make_parser(context).parse_args([*words])
        del values
        if not rest:
            return
        found = command.get_command(context, rest[0])
        assert found is not None, f"{name} has no {rest[0]!r}"
        _parse(found, rest[1:], f"{name} {rest[0]}")
        return
    _, rest, _ = command.make_parser(context).parse_args([*words])
    assert [] == rest, f"{name} takes no {rest}"


def test_every_command_loads() -> None:
    """What the help lists can be loaded, and says what it does."""
    listed = _command.root().list_commands(click.Context(_command.root()))
    found = dict(_command.commands())

    assert [] == [name for name in listed if f"genhub {name}" not in found]
    assert [] == [name for name, each in found.items() if not each.help]


def test_no_command_has_an_option_twice() -> None:
    """Two options of one name: one of them could never be given."""
    for name, command in _command.commands():
        names = [flag for each in command.params for flag in (*each.opts, *each.secondary_opts)]

        assert len(names) == len(set(names)), (name, sorted(flag for flag in names if names.count(flag) > 1))


def test_the_page_tells_of_every_command() -> None:
    """The reference has a heading for each of them, and names each of their options."""
    from docs._generate import render

    page = render("command-reference")
    for name, command in _command.commands():
        assert f"## `{name}`\n" in page
        for each in command.params:
            if isinstance(each, click.Option) and not each.hidden and "--help" not in each.opts:
                assert f"`{each.opts[0]}" in page, (name, each.opts)
