"""Promises about `prepare`: pure, and no field is lost without a word. And about what the journal keeps of a call."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar

import orjson
from attrs import evolve, fields

from genhub import (
    Call,
    Intent,
    Job,
    Ref,
    Request,
    UnsupportedRequest,
    from_dict,
    to_dict,
)
from genhub.sim import Simulator
from genhub.testing._bench import Statement
from genhub.testing._clock import START, FakeClock

T = TypeVar("T")

KEYS = ("key-one-1", "key-two-2")


class PreparePromises(Statement):
    """From a request to a call, and back from the journal."""

    #: A value for every neutral field, other than any default.
    samples: ClassVar[Mapping[str, Any]] = {
        "prompt": "A sample of a prompt",
        "platforms": ("linkedin",),
        "tone": "bold",
        "length": "long",
        "count": 3,
        "language": "German",
        "sources": ("https://example.com/a",),
        "media": ("media-7",),
        "aspect_ratio": "9:16",
        "style": "minimal",
        "references": ("media-8",),
        "script": "These are the words that are to be spoken.",
        "duration": 5,
        "audio": True,
        "image": "media-9",
        "avatar_url": "https://example.com/face.png",
        "voice": "voice-3",
        "speed": 1.5,
    }

    def test_preparing_is_pure(self, kind: str) -> None:
        """The same request gives the same call, whose key is the only thing that differs from the next attempt's."""
        provider, request = self._alone(), self.requests[kind]
        assert not inspect.iscoroutinefunction(provider.prepare)
        before = repr(request)
        first, second, other = (
            provider.prepare(request, key, adjust=adjust)
            for key, adjust in ((KEYS[0], False), (KEYS[0], False), (KEYS[1], False))
        )
        assert kind == first.kind
        assert _plain(first) == _plain(second), "the same request and key gave two different calls"
        assert _plain(first) == _plain(other).replace(KEYS[1], KEYS[0]), "more than the key differs"
        assert before == repr(request), "prepare changed the request"

    def test_what_it_cannot_honour_is_refused_or_named(self, kind: str) -> None:
        """A field that can't be honoured is refused when strict, and named as an adjustment when allowed.

        And one that is taken makes a difference: nothing is dropped in silence.
        """
        provider, plain = self._alone(), self.requests[kind]
        bare = provider.prepare(plain, KEYS[0], adjust=False)
        assert bare.adjustments == (), "adjusted although it was asked to be strict"
        for field, asked in self._variations(plain):
            strict, adjusted = (_prepared(provider, asked, adjust) for adjust in (False, True))
            if isinstance(strict, Call):
                assert strict.adjustments == (), f"{field}: adjusted although it was asked to be strict"
                assert _plain(strict) != _plain(bare), f"{field} was dropped in silence"
                assert isinstance(adjusted, Call), f"{field}: refused only where changes are allowed"
                assert _plain(strict) == _plain(adjusted), f"{field}: `adjust` changed what was fine"
                continue
            assert strict.field is not None, f"{field}: refused without naming a field: {strict}"
            if isinstance(adjusted, Call):
                changed = {each.field: each for each in adjusted.adjustments}
                assert field in changed, f"{field} was changed without a word"
                assert all(each.why for each in changed.values()), "an adjustment does not say why"

    def test_a_call_survives_the_journal(self, kind: str) -> None:
        """A call and its intent are plain data: through JSON and back they are the same."""
        provider = self._alone()
        for adjust in (False, True):
            call = provider.prepare(self.requests[kind], KEYS[0], adjust=adjust)
            at = datetime.fromtimestamp(START, UTC)
            for before in (None, frozenset({"a", "b"})):
                intent = Intent(call=call, key=KEYS[0], sent_at=at, over_at=at, before=before)
                assert intent == _round(intent)
            assert call == _round(call)

    async def test_a_job_survives_the_journal(self, kind: str) -> None:
        """A job, its attempts and their refs are plain data; a ref that came back reads the same job."""
        async with self.bench() as bench:
            job, _ = await bench.submit(self.requests[kind])
            ref = job.attempt.ref
            assert ref is not None and ref.kind == kind
            assert ref == _round(ref)
            again = await bench.hub.account(bench.hub.accounts()[0]).poll(_round(ref))
            assert again.ref.id == ref.id
            ended = await bench.end(job.id)
            assert ended == _round(ended)
            assert isinstance(ended, Job) and isinstance(ref, Ref)

    def _alone(self) -> Any:
        """Return the adapter, bound to a vendor that is not there."""
        vendor: Simulator = self.vendor(FakeClock())
        return self.provider(vendor)

    def _variations(self, plain: Request) -> Iterator[tuple[str, Request]]:
        for each in fields(type(plain)):
            sample = self.samples.get(each.name)
            if sample is not None and sample != getattr(plain, each.name):
                yield each.name, evolve(plain, **{each.name: sample})


def _prepared(provider: Any, request: Request, adjust: bool) -> Call | UnsupportedRequest:
    try:
        call: Call = provider.prepare(request, KEYS[0], adjust=adjust)
    except UnsupportedRequest as error:
        return error
    return call


def _plain(call: Call) -> str:
    return orjson.dumps(to_dict(call), option=orjson.OPT_SORT_KEYS).decode()


def _round(thing: T) -> T:
    return from_dict(type(thing), orjson.loads(orjson.dumps(to_dict(thing))))
