"""Who judges what was made in a suite: the checks and the scorers that it leaves in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from genhub._jobs import Output
from genhub._requests import Request
from genhub.compare._records import Check
from genhub.compare._suite import Suite

#: Looks at what was made for a request that succeeded; a file for each output, `None` where it has none.
Judge = Callable[[Request, Sequence[Output], Sequence[Path | None]], Awaitable[tuple[Check, ...]]]


def judge_of(suite: Suite) -> Judge:
    """Return a suite's judge. Raises ConfigError for a scorer that can't be used, or a package that is missing."""
    from genhub.compare._checks import check
    from genhub.compare._scorers import score, scorers

    left_out = {name for name, on in suite.checks.items() if not on}
    judges = {name: judge for name, judge in scorers().items() if name not in left_out}

    async def judge(request: Request, outputs: Sequence[Output], files: Sequence[Path | None]) -> tuple[Check, ...]:
        found = await asyncio.to_thread(check, request, outputs, files, language=suite.language)
        scores = await score(judges, request, outputs, files) if judges else ()
        return (*(each for each in found if each.name not in left_out), *scores)

    return judge
