"""Compare two runs of a benchmark, saved by `--json FILE`: python -m benchmarks.compare OLD NEW"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks._report import Table


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> Table:
    """Return each figure of two runs beside the other."""
    if old["name"] != new["name"]:
        raise SystemExit(f"these are different benchmarks: {old['name']} and {new['name']}")
    before, after = old["figures"], new["figures"]
    names = [*before, *(name for name in after if name not in before)]
    both = ((name, before.get(name), after.get(name)) for name in names)
    rows = [(name, _said(one), _said(other), _change(one, other)) for name, one, other in both]
    differ = [what for what in ("machine", "versions") if _lasting(old, what) != _lasting(new, what)]
    return Table(
        title=f"{new['name']}: {old['at']} against {new['at']}",
        head=("figure", "old", "new", "new / old"),
        rows=rows,
        notes=[f"{what}: {old[what]} against {new[what]}" for what in differ],
    )


def _lasting(report: Mapping[str, Any], what: str) -> dict[str, Any]:
    return {name: value for name, value in report[what].items() if name != "load"}


def _said(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _change(old: float | None, new: float | None) -> str:
    if old is None or new is None:
        return "-"
    if old == new:
        return "="
    return f"{new / old:.3f}" if old else "was 0"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    options = parser.parse_args()
    old, new = (json.loads(path.read_text("utf-8")) for path in (options.old, options.new))
    print(compare(old, new).plain())


if __name__ == "__main__":
    main()
