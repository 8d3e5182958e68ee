"""The rows of a campaign's file as plain data, each with the lines where it stands: TOML, JSON Lines and CSV."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from attrs import Factory, frozen

from genhub._campaign.column import Column, column
from genhub._campaign.problems import Problem, Problems
from genhub._lines import line_of

SUFFIXES = (".toml", ".jsonl", ".ndjson", ".csv")
Data = Mapping[str, Any]


@frozen(kw_only=True)
class Raw:
    """One row as it stands in the file."""

    data: Data
    at: Callable[[str | None], str]  #: `file:line` of a field; without one, of the row
    problems: tuple[Problem, ...] = ()  #: what could not even be read


@frozen(kw_only=True)
class Sheet:
    """All rows of a file, and what counts for each of them."""

    rows: tuple[Raw, ...]
    defaults: Raw | None = None
    problems: tuple[Problem, ...] = Factory(tuple)


def read(path: Path) -> Sheet:
    """Read a file by its suffix; raises Problems when it can't be read at all."""
    if path.suffix.lower() not in SUFFIXES:
        raise Problems([Problem(where=str(path), message=f"a campaign is one of {', '.join(SUFFIXES)}")])
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        remedy = "Name a file that is there; examples/launch.toml is one to begin with"
        raise Problems([Problem(where=str(path), message="there is no such file", remedy=remedy)]) from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        problem = Problem(where=f"{path}:{line}", message="is not UTF-8", remedy="Save it with the encoding UTF-8")
        raise Problems([problem]) from None
    except OSError as error:
        raise Problems([Problem(where=str(path), message=f"can't be read: {error.strerror}")]) from None
    match path.suffix.lower():
        case ".toml":
            sheet = _toml(path, text)
        case ".csv":
            sheet = _csv(path, text)
        case _:
            sheet = Sheet(rows=tuple(_json_lines(path, text)))
    if not sheet.rows and not sheet.problems:
        raise Problems([Problem(where=str(path), message="holds no request", remedy=_EMPTY[path.suffix.lower()])])
    return sheet


_EMPTY = {
    ".toml": 'Add one: [[request]], kind = "text", prompt = "..."',
    ".csv": "The first line names the columns (kind,to,prompt), each further line is a request",
    ".jsonl": 'Add one a line: {"kind": "text", "prompt": "..."}',
    ".ndjson": 'Add one a line: {"kind": "text", "prompt": "..."}',
}


def _toml(path: Path, text: str) -> Sheet:
    def at(*keys: str | int) -> str:
        line = line_of(text, keys) or line_of(text, keys[:1])
        return f"{path}:{line}" if line is not None else str(path)

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Problems([Problem(where=str(path), message=f"is not TOML: {error}")]) from None
    problems = [
        Problem(where=at(name), field=name, message="unknown table", remedy="There are [[request]] and [defaults]")
        for name in data
        if name not in ("request", "defaults")
    ]
    given: Any = data.get("request", [])
    if not isinstance(given, list):
        message = "request is one table; requests are several"
        problems.append(Problem(where=at("request"), message=message, remedy="Write [[request]], in two brackets"))
        given = []
    rows: list[Raw] = []
    for index, row in enumerate(cast("list[Any]", given)):

        def place(name: str | None, index: int = index) -> str:
            return at("request", index, *([] if name is None else [name]))

        if isinstance(row, dict):
            rows.append(Raw(data=cast("Data", row), at=place))
        else:
            problems.append(Problem(where=place(None), message=f"a request is a table, not {row!r}"))
    defaults = data.get("defaults")
    if defaults is not None and not isinstance(defaults, dict):
        problems.append(Problem(where=at("defaults"), message="defaults is a table", remedy="Write [defaults]"))
        defaults = None
    found = None
    if defaults is not None:
        found = Raw(
            data=cast("Data", defaults), at=lambda name: at("defaults", *([] if name is None else name.split(".")))
        )
    return Sheet(rows=tuple(rows), defaults=found, problems=tuple(problems))


def _json_lines(path: Path, text: str) -> Iterator[Raw]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"

        def at(_: str | None, where: str = where) -> str:
            return where

        try:
            data: Any = json.loads(line)
        except ValueError as error:
            said = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            yield Raw(data={}, at=at, problems=(Problem(where=where, message=f"is not JSON: {said}"),))
            continue
        if isinstance(data, dict):
            yield Raw(data=cast("Data", data), at=at)
        else:
            wrong = Problem(where=where, message="is not an object", remedy='Write {"kind": "text", "prompt": "..."}')
            yield Raw(data={}, at=at, problems=(wrong,))


def _csv(path: Path, text: str) -> Sheet:
    lines = text.splitlines()
    head = next((line for line in lines if line.strip()), "")
    delimiter = max(",;\t", key=head.count)  # a spreadsheet's own idea of a comma
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: list[Column] | None = None
    rows: list[Raw] = []
    problems: list[Problem] = []
    begun = 1
    try:
        for cells in reader:
            where, begun = f"{path}:{begun}", reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = [column(name.strip(), where, problems) for name in cells]
                continue
            rows.append(_csv_row(columns, cells, where))
    except csv.Error as error:
        problems.append(Problem(where=f"{path}:{reader.line_num}", message=f"is not CSV: {error}"))
    return Sheet(rows=tuple(rows), problems=tuple(problems))


def _csv_row(columns: list[Column], cells: list[str], where: str) -> Raw:
    data: dict[str, Any] = {}
    problems: list[Problem] = []
    if len(cells) > len(columns):
        remedy = 'Put a text that holds the separator in "quotes"'
        more = f"has {len(cells)} cells, and there are {len(columns)} columns"
        problems.append(Problem(where=where, message=more, remedy=remedy))
    for each, cell in zip(columns, cells, strict=False):
        if not cell.strip():
            continue  # not said
        try:
            each.put(data, cell)
        except ValueError as error:
            problems.append(Problem(where=where, field=each.name, message=str(error)))
    return Raw(data=data, at=lambda _: where, problems=tuple(problems))
