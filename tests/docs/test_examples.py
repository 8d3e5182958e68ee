"""What the docs show works."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from attrs import define, field

from genhub import Hub
from genhub._campaign import read as read_campaign
from genhub._config import read as read_config
from genhub.compare import load_suite

from ._blocks import ROOT, Block, all_blocks, blocks, pages
from ._layout import LAYOUT, NAMES

#: A line that prints, with what it prints behind it.
PRINTS = re.compile(r"^\s*print\(.*\)  # (.+)$", re.MULTILINE)
#: Names that an example may use without making them: an open hub.
GIVEN = "hub"


@define
class Reader:
    """Somebody who reads a page from top to bottom and runs its blocks, one after the other."""

    runner: asyncio.Runner
    names: dict[str, Any] = field(factory=dict[str, Any])
    hub: Hub | None = None

    def run(self, block: Block) -> None:
        tree = ast.parse(block.text)
        names: dict[str, Any] = {} if block.run == "alone" else self.names
        names.setdefault("__name__", "__example__")
        if GIVEN in _uses(tree) and GIVEN not in names:
            self.hub = names[GIVEN] = self.runner.run(self._open())
        ast.increment_lineno(tree, block.line - 1)
        code = compile(tree, str(block.page), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if code.co_flags & inspect.CO_COROUTINE:
            self.runner.run(_within(30, code, names))
        else:
            exec(code, names)

    async def _open(self) -> Hub:
        hub = Hub.from_config("genhub.toml", journal="memory:")
        return await hub.__aenter__()

    def close(self) -> None:
        if self.hub is not None:
            self.runner.run(self.hub.close())


async def _within(seconds: float, code: CodeType, names: dict[str, Any]) -> None:
    async with asyncio.timeout(seconds):
        await eval(code, names)


def _uses(tree: ast.Module) -> set[str]:
    """Return the names that a block reads before it makes them itself."""
    made: set[str] = set()
    used: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else made).add(node.id)
        elif isinstance(node, ast.arg):
            made.add(node.arg)
    return used - made


@pytest.mark.parametrize("page", [page for page in pages() if any(blocks(page, "python"))], ids=lambda page: page.name)
def test_every_python_block_runs(page: Path, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page's blocks run in their order, and print what is written behind their prints."""
    with asyncio.Runner() as runner:
        reader = Reader(runner)
        try:
            for block in blocks(page, "python"):
                if block.run.startswith("file "):  # a module; see test_the_adapter_of_the_guide
                    continue
                capsys.readouterr()
                reader.run(block)
                printed = capsys.readouterr().out.splitlines()

                rest = iter(printed)
                missing = [said for said in PRINTS.findall(block.text) if said not in rest]
                assert [] == missing, f"{block.where}: printed {printed}"
        finally:
            reader.close()


def test_the_adapter_of_the_guide(tmp_path: Path) -> None:
    """The adapter that the guide builds keeps the contract, by the test that the guide shows."""
    for block in blocks(ROOT / "providers" / "README.md", "python"):
        if block.run.startswith("file "):
            file = tmp_path / block.run.removeprefix("file ")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text + "\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-o", "asyncio_mode=auto", "-p", "no:cacheprovider", "."]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": "."}, capture_output=True, text=True)

    assert 0 == done.returncode, done.stdout[-3000:] + done.stderr[-1000:]


@pytest.mark.parametrize("block", all_blocks("toml"), ids=lambda block: block.where)
def test_every_toml_block_is_understood(block: Block, tmp_path: Path) -> None:
    """Suites and campaigns are read as such; all else is a genhub.toml (a part has our accounts), or a project's."""
    data = tomllib.loads(block.text)
    if "targets" in data:
        file = tmp_path / "suite.toml"
        file.write_text(block.text, "utf-8")
        assert tuple(data["targets"]) == load_suite(file).targets
    elif "request" in data or "defaults" in data:
        file = tmp_path / "campaign.toml"
        one = "" if "request" in data else '\n[[request]]\nkind = "text"\nprompt = "x"\n'
        file.write_text(block.text + one, "utf-8")
        read_campaign(file)
    elif "project" in data:
        assert set(data["project"]["entry-points"]) <= {"genhub.providers", "genhub.scorers"}
    else:
        ours = tomllib.loads(LAYOUT.format(**dict.fromkeys(NAMES, "https://api.example.com")))
        read_config({"accounts": ours["accounts"], **data}, _AnyVariable())


@pytest.mark.parametrize("block", all_blocks("json", "jsonl", "csv"), ids=lambda block: block.where)
def test_every_data_block_is_understood(block: Block, tmp_path: Path) -> None:
    """JSON is JSON; JSON Lines and CSV are campaigns."""
    if block.language == "json":
        json.loads(block.text)
        return
    file = tmp_path / f"campaign.{block.language}"
    file.write_text(block.text + "\n", "utf-8")
    read_campaign(file)


class _AnyVariable(dict[str, str]):
    """An environment in which every variable is set."""

    def get(self, name: str, default: Any = None) -> Any:
        return f"the value of {name}"

    def __getitem__(self, name: str) -> str:
        return f"the value of {name}"


@pytest.mark.parametrize("block", all_blocks("python", "toml", "sh"), ids=lambda block: block.where)
def test_no_line_is_too_wide_for_a_page(block: Block) -> None:
    """A reader does not have to scroll; a module's file is read in an editor."""
    most = 120 if block.run.startswith("file ") else 97
    assert [] == [line for line in block.text.splitlines() if len(line) > most]
