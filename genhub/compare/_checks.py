"""Checks that need no judge: what was made against what was asked, and against what the platforms take.

A check says what was found and what was asked. What can't be checked is `None` with the reason, never a guess; what
nobody asked for is not checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from genhub._jobs import Output
from genhub._requests import ImageRequest, Request, TextRequest
from genhub.compare._pictures import image_checks, sound_checks, video_checks
from genhub.compare._records import Check
from genhub.compare._texts import coverage, text_checks

#: The names that checks go by; a scorer can't take one.
NAMES = frozenset(
    {"content", "count", "platforms", "length", "hashtags", "language", "aspect", "size", "duration", "audio"}
)


def check(
    request: Request, outputs: Sequence[Output], files: Sequence[Path | None], *, language: str | None = None
) -> tuple[Check, ...]:
    """Check everything that was made for a request that succeeded.

    `files[i]` is the file of `outputs[i]`; `None`: it has none, or it was not fetched. `language` is the one that is
    expected where the request names none, as a code or an English name. A file that is broken is a check that failed;
    raises only ConfigError, when a package of the extra `compare` is missing. It reads and decodes whole files: in a
    loop, call it in a thread.
    """
    return tuple(_all(request, outputs, files, language))


def _all(
    request: Request, outputs: Sequence[Output], files: Sequence[Path | None], expected: str | None
) -> Iterator[Check]:
    if not outputs:
        yield Check(name="content", passed=False, said="nothing was made: there are no outputs")
        return
    yield from _count(request, outputs)
    if isinstance(request, TextRequest):
        covered = coverage(request, outputs)
        if covered is not None:
            yield covered
        expected = request.language or expected
    for place, output in enumerate(outputs, 1):
        file = files[place - 1] if place <= len(files) else None
        match output.kind:
            case "text":
                yield from text_checks(request, output, place, expected=expected)
            case "image":
                yield from image_checks(request, output, file, place)
            case "video":
                yield from video_checks(request, output, file, place)
            case "audio":
                yield from sound_checks(request, output, file, place)
            case "file":
                why = "a file of a kind that nothing is known of"
                yield Check(name="content", passed=None, said=why, output=place)


def _count(request: Request, outputs: Sequence[Output]) -> Iterator[Check]:
    """Check how many there are, where a number was asked for; with several platforms it says nothing."""
    if not isinstance(request, (ImageRequest, TextRequest)) or request.count is None:
        return
    if isinstance(request, TextRequest) and len(request.platforms) > 1:
        return
    made = sum(each.kind == request.kind for each in outputs)
    yield Check(name="count", passed=made >= request.count, said=f"{made} made; {request.count} asked for")
