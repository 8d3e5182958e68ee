"""The list of caption generations: the vendor's own verb, and the way to find a lost one."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

from attrs import evolve, frozen

from genhub import Candidate, Intent, Lookup, Status, TextRequest
from genhub.http import Http

from ._tables import PLATFORMS, POST_TYPES, READS, STATUSES
from ._wire import Generation, Listed, part, ref_of, several

#: The vendor's largest page.
PAGE = 100
#: How many of them are read at most in a look for a lost submit.
PAGES = 20
MODES = frozenset({"regular", "deep"})


@frozen(kw_only=True)
class GenerationPage:
    """One page of the list of caption generations."""

    items: tuple[Generation, ...] = ()
    next_cursor: str | None = None
    has_more: bool | None = None
    unread: int = 0  #: lines that are not what the vendor documents


class Generations:
    """PowerPost's own verbs about caption generations. Other kinds have no list."""

    __slots__ = ()

    async def list_generations(
        self, http: Http, *, status: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> GenerationPage:
        """Read one page of the workspace's caption generations; their outputs are read one by one."""
        asked = {"status": status, "limit": limit, "cursor": cursor}
        query = {name: str(value) for name, value in asked.items() if value is not None}
        answer = await http.read(READS["captions"], query=query)
        listed = answer.into(Listed)
        found = [part(answer, line, Generation) for line in listed.data]
        items = tuple(each for each in found if each is not None)
        return GenerationPage(
            items=items,
            next_cursor=listed.next_cursor or None,
            has_more=listed.has_more,
            unread=len(found) - len(items),
        )

    async def iter_generations(self, http: Http, *, status: str | None = None) -> AsyncIterator[Generation]:
        """Read the whole list, page by page."""
        async for page in self._pages(http, status=status):
            for each in page.items:
                yield each

    async def inventory(self, http: Http) -> AsyncIterator[Candidate]:
        """Yield the workspace's caption generations, with the request that each one shows."""
        async for page in self._pages(http, most=PAGES):
            for line in page.items:
                platforms = tuple(line.platforms or ())
                yield evolve(
                    _candidate(line),
                    charged=line.credits_used,
                    request=TextRequest(prompt=_plain(line.prompt), platforms=platforms),
                )

    async def _pages(
        self, http: Http, *, status: str | None = None, most: int | None = None
    ) -> AsyncIterator[GenerationPage]:
        """Read page after page, until the vendor says that there are no more or names no next one."""
        seen: set[str] = set()
        cursor: str | None = None
        while most is None or len(seen) < most:
            page = await self.list_generations(http, status=status, limit=PAGE, cursor=cursor)
            yield page
            cursor = page.next_cursor
            if page.has_more is not True or cursor is None or cursor in seen:  # one that repeats would never end
                return
            seen.add(cursor)

    async def lookup(self, http: Http, intent: Intent) -> Lookup | None:
        """Look for captions whose answer was lost: the same prompt, made when ours may have been.

        Images and videos have no list to look at, and no kind of call has an idempotency key (trap 20). A line that
        may be ours is shown rather than left out: taking a bought job for one that was not is how things are paid
        twice.
        """
        if intent.call.kind != "captions":
            return None
        body = intent.call.body
        if _plain(body.get("prompt")) is None:
            return Lookup(how="the list of captions shows prompts, and this call had none")
        found: dict[str, Candidate] = {}
        times: list[datetime] = []
        seen = unread = 0
        complete = False
        async for page in self._pages(http, most=PAGES):
            seen += len(page.items)
            unread += page.unread
            for line in page.items:
                if not intent.covers(line.created_at) or not _fits(line, body):
                    continue
                if line.prompt is None:  # always shown, say the documents; without it nobody can tell whose it is
                    unread += 1
                else:
                    found.setdefault(line.generation_id, _candidate(line))
            times.extend(line.created_at for line in page.items if line.created_at is not None)
            # The order is not documented: it counts as newest first only as far as it was seen to be.
            newest_first = all(later >= earlier for later, earlier in pairwise(times))
            beyond = bool(times) and times[-1] < intent.sent_at and not intent.covers(times[-1])
            complete = unread == 0 and (page.has_more is False or (newest_first and beyond))
            if complete:
                break
        how = f"the list of captions, {seen} lines: {len(found)} with this prompt, platforms and mode in that time"
        return Lookup(
            candidates=tuple(found.values()),
            complete=complete,
            how=how if complete else f"{how}; the list was not read as far as to be sure",
        )


def _fits(line: Generation, body: Mapping[str, Any]) -> bool:
    """True when a line may be this call's; what the vendor left out or words otherwise does not speak against it."""
    if line.prompt is not None and _plain(line.prompt) != _plain(body.get("prompt")):
        return False
    if line.research_mode in MODES and line.research_mode != body.get("research_mode"):
        return False
    wanted = {POST_TYPES.get(word) for word in several(body.get("post_types"))}
    shown = set(line.platforms or ())
    # The list shows platforms, not the post types that were sent (trap 7); an unknown word is compared to nothing.
    return not shown or not shown <= PLATFORMS or None in wanted or shown == wanted


def _candidate(line: Generation) -> Candidate:
    # A failed line says 0, which is its cost after the refund; what the submit charged is then not said (trap 2).
    failed = STATUSES[line.status] is Status.FAILED
    return Candidate(
        ref=ref_of("captions", line.generation_id),
        created_at=line.created_at,
        charged=None if failed else line.credits_used,
        about=f"{line.status}, {', '.join(line.platforms or ()) or 'platforms not said'}",
    )


def _plain(text: Any) -> str | None:
    """Return a text such that a vendor's tidying of blanks and accents makes no difference."""
    if not isinstance(text, str):
        return None
    return " ".join(unicodedata.normalize("NFC", text).split()) or None
