"""What comparisons check against, as tables."""

from __future__ import annotations

from docs._tables import NONE, block, code, table


@block
def platform_limits() -> str:
    """What platforms take, from the data that the checks use."""
    from genhub.compare._limits import Limit, limits, platforms

    def said(several: tuple[Limit, ...]) -> str:
        return ", ".join(f"{each.most} {each.unit.words}" for each in several) or NONE

    rows: list[tuple[object, ...]] = []
    for name in platforms():
        each = limits(name)
        assert each is not None
        title = f"; title: {said(each.title)}" if each.title else ""
        sources = " ".join(f"[{number}]({page})" for number, page in enumerate((each.source, *each.also), 1))
        tags = NONE if each.hashtags is None else each.hashtags
        rows.append((code(name), said(each.text) + title, tags, each.checked, sources, each.note or NONE))
    return table(["platform", "text", "hashtags", "checked", "source", "note"], rows)
