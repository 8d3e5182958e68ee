"""The fenced blocks of the README and the docs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[2]
#: A block may stand in a list or a tab, and may have a directive above it: `<!-- run: alone -->`.
FENCE = re.compile(
    r"^(?P<indent> *)(?:<!-- run: (?P<run>[\w ./-]+) -->\n(?P=indent))?"
    r"```(?P<language>\w+)[^\n]*\n(?P<text>.*?)\n(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


def pages() -> list[Path]:
    """Return every page that people read."""
    names = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "providers/README.md")
    return [ROOT / name for name in names] + sorted((ROOT / "docs").rglob("*.md"))


@frozen(kw_only=True)
class Block:
    """One fenced block."""

    page: Path
    line: int  #: of its first line of text
    language: str
    text: str
    run: str = ""  #: the directive above it

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path, *languages: str) -> Iterator[Block]:
    """Yield a page's blocks in these languages."""
    source = page.read_text("utf-8")
    for match in FENCE.finditer(source):
        if match["language"] in languages:
            indent = len(match["indent"])
            text = "\n".join(line[indent:] for line in match["text"].split("\n"))
            line = source[: match.start("text")].count("\n") + 1
            yield Block(page=page, line=line, language=match["language"], text=text, run=match["run"] or "")


def all_blocks(*languages: str) -> list[Block]:
    """Return the blocks of all pages in these languages."""
    return [block for page in pages() for block in blocks(page, *languages)]
