"""Reads the `#:` comments that genhub's classes have beside their fields: the one place where a field is explained."""

from __future__ import annotations

import ast
import inspect
import io
import textwrap
import tokenize
from collections.abc import Mapping
from typing import Any


def comments(kind: type[Any]) -> Mapping[str, str]:
    """Return what is said of each field of a class, its bases' fields included, by the field's name."""
    said: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if each.__module__ != "builtins":
            said.update(_of(each))
    return said


def _of(kind: type[Any]) -> dict[str, str]:
    try:
        source = textwrap.dedent(inspect.getsource(kind))
    except (OSError, TypeError):
        return {}
    return read(source)


def read(source: str) -> dict[str, str]:
    """Read the comments of one class's source."""
    notes = {
        token.start[0]: token.string.removeprefix("#:").strip()
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT and token.string.startswith("#:")
    }
    (found,) = ast.parse(source).body
    assert isinstance(found, ast.ClassDef)
    said: dict[str, str] = {}
    for statement in found.body:
        name = _name(statement)
        if name is None:
            continue
        last = statement.end_lineno or statement.lineno
        beside = next((notes[line] for line in range(statement.lineno, last + 1) if line in notes), None)
        above: list[str] = []
        line = statement.lineno - 1
        while line in notes and not _holds_code(source, line):
            above.insert(0, notes[line])
            line -= 1
        text = beside or " ".join(above)
        if text:
            said[name] = text
    return said


def _name(statement: ast.stmt) -> str | None:
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
            return name
        case _:
            return None


def _holds_code(source: str, line: int) -> bool:
    return not source.splitlines()[line - 1].lstrip().startswith("#")
