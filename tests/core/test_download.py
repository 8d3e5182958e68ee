"""Outputs to disk: resumable, checksummed, never buying anything again."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from attrs import evolve

from genhub import ImageRequest, Job, ProviderUnavailable, VideoRequest
from genhub._download import download
from genhub.http import Sessions
from tests.core.conftest import World


async def test_every_media_output_is_fetched(world: World, tmp_path: Path) -> None:
    """Named, checksummed, and not fetched twice."""
    async with world.hub() as hub:
        job = await hub.generate(ImageRequest(prompt="bowl of soup", count=2), to="powerpost")
        files = await hub.download(job, tmp_path)
        reads = len(world.powerpost.requests)
        again = await hub.download(job, tmp_path)

    assert [0, 1] == [file.output for file in files]
    for file in files:
        body = file.path.read_bytes()
        assert (len(body), hashlib.sha256(body).hexdigest()) == (file.size, file.sha256)
        assert body.startswith(b"\x89PNG")
    assert files == again
    assert reads == len(world.powerpost.requests)
    assert 1 == len(world.powerpost.creations)


async def test_a_download_goes_on_where_it_broke_off(world: World, tmp_path: Path) -> None:
    """The part that is there is kept."""
    async with world.hub() as hub:
        job = await hub.generate(VideoRequest(script="Hey! You need this."), to="adgen")
        whole = (await hub.download(job, tmp_path / "a"))[0].path.read_bytes()
        part = tmp_path / "b" / f"{job.id}-0.mp4.part"
        part.parent.mkdir()
        part.write_bytes(whole[:1000])
        file = (await hub.download(job, tmp_path / "b"))[0]

    assert whole == file.path.read_bytes()
    assert "bytes=1000-" == world.adgen.requests[-1].headers["Range"]
    assert not part.exists()


async def test_no_secret_goes_to_the_vendors_media_host(world: World, tmp_path: Path) -> None:
    """The output's URL is fetched without the account's headers."""
    async with world.hub() as hub:
        job = await hub.generate(ImageRequest(prompt="bowl of soup"), to="powerpost")
        await hub.download(job, tmp_path)

    assert "x-api-key" not in {name.lower() for name in world.powerpost.requests[-1].headers}


async def test_an_output_that_is_gone_says_so_without_its_signature(world: World, tmp_path: Path) -> None:
    """The URL's query may be a signature: it is not shown."""
    async with world.hub() as hub:
        job = await hub.generate(ImageRequest(prompt="bowl of soup"), to="powerpost")
        url = f"{world.powerpost.origin}/_media/nothing.png?signature=secret"
        gone: Job = evolve(job, attempts=(evolve(job.attempt, outputs=(evolve(job.outputs[0], url=url),)),))
        with pytest.raises(ProviderUnavailable, match=r"nothing\.png") as caught:
            await hub.download(gone, tmp_path)

    assert "secret" not in str(caught.value)


async def test_text_is_not_downloaded(world: World, tmp_path: Path) -> None:
    """Only what has a URL is."""
    async with world.hub() as hub:
        from genhub import TextRequest

        job = await hub.generate(TextRequest(prompt="p"), to="genpro")
        sessions = Sessions()
        assert () == await download(sessions, job, tmp_path)
        await sessions.close()
