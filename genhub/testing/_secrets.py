"""Promises about secrets: they are nowhere but on their way to the vendor."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from genhub import GenhubError, to_dict
from genhub.sim import Fault, Scenario
from genhub.testing._bench import NAME, Bench, Statement, raised
from genhub.testing._records import Records

#: What is gone through in the search: a success, an answer lost, one that can't be read, refusals.
TROUBLE = (
    Scenario(),
    Scenario(fault=Fault.LOSE_ANSWER),
    Scenario(fault=Fault.HTML),
    Scenario(fault=Fault.REDIRECT),
    Scenario(fault=Fault.ERROR_500_AFTER),
    Scenario(http=400),
    Scenario(http=401),
    Scenario(http=429),
)


class SecretPromises(Statement):
    """No secret shows itself."""

    async def test_no_secret_shows_itself(self, kind: str) -> None:
        """No repr, text, error, plain data, log line or byte of the journal holds a secret, whatever happens."""
        with TemporaryDirectory() as folder, Records() as records:
            shown: list[str] = []
            async with self.bench(journal=f"sqlite:///{folder}/journal.db") as bench:
                provider = self.provider(bench.vendor)
                shown += [repr(provider), str(provider), repr(bench.hub.account(NAME)), repr(bench.hub)]
                for scenario in TROUBLE:
                    shown += [text async for text in self._happen(bench, kind, scenario)]
                bytes_ = b"".join(each.read_bytes() for each in sorted(Path(folder).iterdir()))
            bytes_ += b"".join(each.read_bytes() for each in sorted(Path(folder).iterdir()))
            shown += [*records.texts(), bytes_.decode("latin-1")]

        assert self.secrets, "an adapter without a secret: say what `provider` is given"
        for secret in self.secrets:
            for text in shown:
                at = text.find(secret)
                assert at < 0, f"a secret shows itself: ...{text[max(0, at - 60) : at].rstrip()}***"

    async def _happen(self, bench: Bench, kind: str, trouble: Scenario) -> AsyncIterator[str]:
        """Submit a job, and read another, while something goes wrong; yield all that a caller could print of it."""
        if trouble.strikes:
            bench.vendor.script(trouble)
        job, error = await bench.submit(self.requests[kind])
        errors = [error]
        bench.vendor.script(Scenario(steps=(self.working,)))
        fine, _ = await bench.submit(self.requests[kind])
        if trouble.strikes:
            reading = bench.vendor.script(Scenario(fault=trouble.fault, http=trouble.http, on="poll", times=None))
            errors.append(await raised(GenhubError, bench.read(fine.id)))
            bench.vendor.scripts.remove(reading)
        for error in errors:
            for text in _texts(error):
                yield text
        for job_id in (job.id, fine.id):
            job = await bench.end(job_id, reads=20)
            yield repr(job)
            yield str(job)
            yield orjson.dumps(to_dict(job)).decode()
            yield repr(await bench.hub.store.intent(job.attempt.id))
            yield repr(await bench.hub.get(job_id))


def _texts(error: BaseException | None) -> Iterator[str]:
    if error is None:
        return
    yield str(error)
    yield repr(error)
    yield repr(error.args)
    yield "".join(traceback.format_exception(error))
    if isinstance(error, GenhubError):
        yield repr(error.facts())
        yield repr(getattr(error, "raw", ""))
