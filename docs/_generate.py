"""The parts of the docs that come from the code: `<!-- genhub: NAME ARGUMENT -->` in a page becomes a table.

mkdocs calls `on_page_markdown` (see `hooks` in mkdocs.yml). To read a block without building the site:

    python -m docs._generate matrix
    python -m docs._generate billing powerpost
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))  # mkdocs loads this file by its path

#: The modules that have blocks.
MODULES = ("_providers", "_settings", "_words", "_simulators", "_command", "_compare")
MARK = re.compile(r"<!-- genhub: ([a-z-]+)((?: [\w.-]+)*) -->")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the tables in; mkdocs calls this for every page."""
    return MARK.sub(lambda match: render(match[1], *match[2].split()), markdown)


def render(name: str, *arguments: str) -> str:
    """Return one block as Markdown; raises KeyError when there is none of this name."""
    for module in MODULES:
        import_module(f"docs.{module}")
    from docs._tables import BLOCKS

    return BLOCKS[name](*arguments)


if __name__ == "__main__":
    sys.stdout.write(render(*sys.argv[1:]) + "\n")
