"""Promises about words."""

from __future__ import annotations

import asyncio
import logging

from genhub import Status
from genhub.sim import Scenario
from genhub.testing._bench import NEVER, PATIENCE, Statement
from genhub.testing._records import Records


class StatusPromises(Statement):
    """The vendor's words and ours."""

    def test_the_table_has_every_documented_word_and_no_other(self) -> None:
        """The adapter's table says of every documented word what it means, and knows no other word."""
        assert dict(self.documented) == dict(self.statuses.words)
        assert self.statuses[self.invented] is Status.UNKNOWN

    async def test_a_documented_word_means_what_the_table_says(self, kind: str, word: str) -> None:
        """A job whose vendor says a documented word has the status of the table, and keeps the word."""
        async with self.bench() as bench:
            bench.vendor.script(Scenario(steps=(word,)))
            job, _ = await bench.submit(self.requests[kind])
            job = await bench.read(job.id)

            assert job.status is self.documented[word]
            assert job.raw_status == word

    async def test_an_invented_word_is_unknown_and_the_polling_goes_on(self, kind: str) -> None:
        """A word that nobody documented is `unknown`, never final and logged once; the job ends right afterwards."""
        async with self.bench() as bench:
            bench.vendor.script(Scenario(steps=(self.invented, self.invented, self.done)))
            job, _ = await bench.submit(self.requests[kind])
            with Records("genhub.drive") as records:
                odd = await bench.read(job.id)
                assert odd.status is Status.UNKNOWN
                assert not odd.status.is_final
                ended = await bench.end(job.id)

            seen = [record for record in records if self.invented in record.getMessage()]
            assert [logging.WARNING] == [record.levelno for record in seen], "logged once, as a warning"
            assert ended.status is Status.SUCCEEDED
            assert ended.raw_status == self.done

    async def test_the_tracker_ends_what_had_an_invented_word(self, kind: str) -> None:
        """A hub left to itself reads on through an unknown word, to the right end."""
        async with self.bench() as bench:
            bench.vendor.script(Scenario(steps=(self.invented, self.done)))
            job, _ = await bench.submit(self.requests[kind])
            handle = await bench.hub.get(job.id)
            words: list[Status] = []
            async with asyncio.timeout(PATIENCE):
                async for news in handle.updates():
                    words.append(news.status)
                    bench.clock.advance(2 * NEVER)

            assert Status.UNKNOWN in words
            assert words[-1] is Status.SUCCEEDED
