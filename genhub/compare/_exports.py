"""A comparison in files: the whole as JSON, a row a trial as CSV, the answer as Markdown and JSON.

Each file is replaced in one step: whoever reads meets the old one or the new one, never half of one. Only results.json
holds everything; the others are for tables and for people.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve

from genhub._errors import ConfigError
from genhub._plain import converter, from_dict
from genhub.compare._markdown import markdown
from genhub.compare._records import Results
from genhub.compare._table import far, table

if TYPE_CHECKING:
    from genhub.compare._summary import Summary

#: Of the files; a newer one is refused, not guessed at.
FORMAT = 1
RESULTS = "results.json"


def write(results: Results, summary: Summary, folder: Path) -> Mapping[str, Path]:
    """Write results.json, observations.csv, summary.md and summary.json; return where they are, by their names.

    Raises ConfigError when the folder can't be written to.
    """
    answer = {"genhub": "summary", "format": FORMAT, **converter.unstructure(summary)}
    contents = {
        RESULTS: text(results),
        "observations.csv": table(results),
        "summary.md": markdown(results, summary),
        "summary.json": _json(answer, indent=1) + "\n",
    }
    return {name: replace(folder / name, content) for name, content in contents.items()}


def read(path: Path) -> Results:
    """Return what was written as results.json; raises ConfigError when the file is something else."""
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"can't be read ({error.strerror})", where=str(path)) from None
    except ValueError as error:
        raise wrong(str(path), f"is not whole, or no JSON ({error})") from None
    return restore(data, str(path))


def text(results: Results, *, indent: int | None = 1, **more: Any) -> str:
    """Return a comparison as JSON: in lines, or (`indent` None) as one; `more` comes before the results."""
    plain = converter.unstructure(portable(results))
    return _json({"genhub": "comparison", "format": FORMAT, **more, "results": plain}, indent) + "\n"


def restore(data: Any, where: str) -> Results:
    """Return the comparison that `text` wrote; raises ConfigError that says what is wrong with it, and where."""
    found = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    if found.get("genhub") != "comparison":
        raise wrong(where, "is JSON, but no comparison")
    if found.get("format") != FORMAT:
        raise ConfigError(
            f"its format is {found.get('format')!r}, and this version of genhub reads {FORMAT}",
            where=where,
            remedy="Use the version of genhub that wrote it, or run the comparison again",
        )
    try:
        return from_dict(Results, found["results"])
    except (ConfigError, KeyError) as error:
        said = error.message if isinstance(error, ConfigError) else "`results` are missing"
        raise wrong(where, f"is a comparison that can't be read: {said}") from None


def wrong(where: str, said: str) -> ConfigError:
    """Return the error for a file that is not what it should be."""
    remedy = "Name a history file, a results.json or the folder of a comparison, as `genhub compare` wrote it"
    return ConfigError(f"the file {said}", where=where, remedy=remedy)


def portable(results: Results) -> Results:
    """Return the same without paths of this machine: files that are not below the results' folder are left out."""
    if not any(far(name) for each in results.observations for name in each.files):
        return results
    kept = tuple(
        evolve(each, files=tuple(name for name in each.files if not far(name))) for each in results.observations
    )
    return evolve(results, observations=kept)


def replace(path: Path, content: str) -> Path:
    """Put a file in its place in one step, durably; raises ConfigError when that can't be done."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(part, "wb") as file:
                file.write(content.encode(errors="replace"))
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        sync(path.parent)
    except OSError as error:
        remedy = "Name a folder that can be written to, on a disk with room"
        raise ConfigError(f"can't be written ({error.strerror})", where=str(path), remedy=remedy) from None
    return path


def sync(folder: Path) -> None:
    """Make a file's name in its folder durable too."""
    held = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


def _json(data: Any, indent: int | None = None) -> str:
    """Return JSON that any reader takes: ASCII, so that broken texts pass whole; no number that JSON does not have."""
    tight = (",", ":") if indent is None else None
    return json.dumps(_finite(data), indent=indent, separators=tight, allow_nan=False)


def _finite(data: Any) -> Any:
    match data:
        case float() if not math.isfinite(data):
            return str(data)  # a field of numbers reads it back
        case Mapping():
            return {name: _finite(value) for name, value in cast("Mapping[str, Any]", data).items()}
        case list() | tuple():
            return [_finite(value) for value in cast("Sequence[Any]", data)]
        case _:
            return data
