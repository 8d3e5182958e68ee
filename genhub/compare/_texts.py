"""Checks of texts: does it fit, does it have the hashtags, is it in the language, is there one for each platform."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from genhub._jobs import Output
from genhub._requests import Request, TextRequest
from genhub.compare._hashtags import asked, hashtags
from genhub.compare._language import language, told
from genhub.compare._limits import Limit, limits, plain
from genhub.compare._records import Check


def text_checks(request: Request, output: Output, place: int, *, expected: str | None = None) -> Iterator[Check]:
    """Check one text; `place` is from 1, `expected` the language (`None`: none was asked for)."""
    words = _words(output)
    if words is None:
        why = "the answer was not understood: it holds no text that can be read"
        yield Check(name="content", passed=None, said=why, output=place)
        return
    if not words.strip():
        yield Check(name="content", passed=False, said="the text is empty", output=place)
        return
    yield Check(name="content", passed=True, said=f"{len(words.split())} words", output=place)
    yield _length(request, output, place)
    yield from _hashtags(request, output, words, place)
    if expected is not None:
        yield _language(words, expected, place)


def coverage(request: TextRequest, outputs: Sequence[Output]) -> Check | None:
    """Check that each platform has its text; `None`: no platform was asked for."""
    wanted = tuple(dict.fromkeys(map(plain, request.platforms)))
    if not wanted:
        return None
    made = {plain(each.platform) for each in outputs if each.platform and _words(each)}
    of = f"asked for {', '.join(wanted)}"
    missing = [each for each in wanted if each not in made]
    if not missing:
        return Check(name="platforms", passed=True, said=f"each has its text; {of}")
    if any(each.platform is None for each in outputs):
        return Check(name="platforms", passed=None, said=f"the texts do not say for which platform they are; {of}")
    return Check(name="platforms", passed=False, said=f"nothing for {', '.join(missing)}; {of}")


def _words(output: Output) -> str | None:
    """Return a text with its title; `None`: there is neither."""
    parts = [each for each in (output.title, output.text) if each is not None]
    return "\n\n".join(parts) if parts else None


def _platform(request: Request, output: Output) -> str | None:
    """Return for which platform a text is: it says so, or only one was asked for."""
    if output.platform is not None:
        return plain(output.platform)
    wanted = {plain(each) for each in request.platforms} if isinstance(request, TextRequest) else set[str]()
    return wanted.pop() if len(wanted) == 1 else None


def _length(request: Request, output: Output, place: int) -> Check:
    platform = _platform(request, output)
    if platform is None:
        why = "it is not said for which platform it is: no limit known"
        return Check(name="length", passed=None, said=f"{len(_words(output) or '')} characters; {why}", output=place)
    known = limits(platform)
    if known is None or not known.text:
        found = f"{len(_words(output) or '')} characters; no limit known for {platform}"
        return Check(name="length", passed=None, said=found, output=place)
    text, title = output.text or "", output.title or ""
    if not known.title and title:  # there it is a part of the text
        text, title = "\n\n".join(filter(None, (title, text))), ""
    apart = hashtags(text, output.hashtags)[len(hashtags(text)) :]
    tagged = " ".join((text, *(f"#{tag}" for tag in apart))) if apart else text
    parts = ([("title ", title, limit) for limit in known.title] if title else []) + [
        ("", tagged, limit) for limit in known.text
    ]
    said = ", ".join(f"{name}{limit.said(words)}" for name, words, limit in parts)
    said += f" for {platform}" + (f", with {len(apart)} hashtags that came beside the text" if apart else "")
    if not any(limit.over(words) for _, words, limit in parts):
        return Check(name="length", passed=True, said=said, output=place)
    fits_bare = apart and not _over(known.text, text) and not _over(known.title, title)
    if fits_bare:
        return Check(name="length", passed=None, said=f"{said}: without them it fits", output=place)
    return Check(name="length", passed=False, said=said, output=place)


def _over(several: Sequence[Limit], text: str) -> bool:
    return any(limit.over(text) for limit in several)


def _hashtags(request: Request, output: Output, words: str, place: int) -> Iterator[Check]:
    """Check the hashtags, where a limit is known or the prompt asks for some."""
    tags = hashtags(words, output.hashtags)
    platform = _platform(request, output)
    known = None if platform is None else limits(platform)
    most = None if known is None else known.hashtags
    wish = asked(request.prompt) if isinstance(request, TextRequest) else None
    if most is None and wish is None:
        return
    against = [f"{platform} takes at most {most}"] if most is not None else []
    against += [f"the prompt asks for {wish.said}"] if wish is not None else []
    passed = (most is None or len(tags) <= most) and (wish is None or wish.met(tags))
    yield Check(name="hashtags", passed=passed, said=f"{len(tags)} found; {', '.join(against)}", output=place)


def _language(words: str, expected: str, place: int) -> Check:
    wanted = language(expected)
    if wanted is None:
        why = f"the language {expected!r}, which was asked for, is not one that can be told here"
        return Check(name="language", passed=None, said=why, output=place)
    found = told(words, wanted)
    return Check(name="language", passed=found.passed, said=found.said, output=place)
