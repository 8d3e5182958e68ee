"""What options hold: times, pairs, JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from genhub._settings import duration


class Duration(click.ParamType[float]):
    """`60`, `2s`, `5m`."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, (int, float)):
            return float(value)
        try:
            return duration(float(value)) if str(value).replace(".", "", 1).isdecimal() else duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Pair(click.ParamType[tuple[str, str]]):
    """`name=value`."""

    name = "name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value  # pyright: ignore[reportUnknownVariableType]
        name, equals, rest = str(value).partition("=")
        if not equals or not name.strip():
            self.fail(f"reads like name=value, not {value!r}", param, ctx)
        return name.strip(), rest.strip()


class JsonTable(click.ParamType[dict[str, Any]]):
    """A JSON object, or `@file` that holds one."""

    name = "json|@file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        if isinstance(value, dict):
            return value  # pyright: ignore[reportUnknownVariableType]
        text = str(value)
        if text.startswith("@"):
            try:
                text = Path(text[1:]).read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                self.fail(f"{text[1:]} can't be read: {error}", param, ctx)
        try:
            found = json.loads(text)
        except ValueError as error:
            self.fail(f"is not JSON: {error}", param, ctx)
        if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
            self.fail('holds one table for each provider: {"powerpost": {"research_mode": "deep"}}', param, ctx)
        return found  # pyright: ignore[reportUnknownVariableType]


class Since(click.ParamType[datetime]):
    """A day, a time, or how long ago: `2026-11-23`, `2026-11-23T10:00`, `90m`, `7d`."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return datetime.now(UTC) - timedelta(seconds=duration(value))
        except (ValueError, OverflowError):
            pass
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"reads like 2026-11-23, 2026-11-23T10:00 or 7d, not {value!r}", param, ctx)
        return found if found.tzinfo is not None else found.astimezone()


DURATION = Duration()
PAIR = Pair()
JSON_TABLE = JsonTable()
SINCE = Since()
