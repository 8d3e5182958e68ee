"""The released clients of the field, each in an environment of its own under `.bench/`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from attrs import define, frozen

from benchmarks._lossy import Loss, LossyServer
from benchmarks._report import ROOT

FOLDER = ROOT / ".bench"
SCRIPT = Path(__file__).with_name("_peer_submit.py")
LIFE = Path(__file__).with_name("_peer_life.py")
#: So long one logical submit may take, in seconds.
CAP = 90.0


class NotInstalled(Exception):
    """An environment could not be made; says why."""


@frozen(kw_only=True)
class Peer:
    """A client by its distribution's name; `calls` are names in `_peer_submit`, with what the table calls them."""

    distribution: str
    module: str
    calls: dict[str, str]


PEERS = (
    Peer(distribution="fal-client", module="fal_client", calls={"fal": "fal-client, queue submit"}),
    Peer(distribution="replicate", module="replicate", calls={"replicate": "replicate, predictions.create"}),
    Peer(distribution="runwayml", module="runwayml", calls={"runwayml": "runwayml, image_to_video.create"}),
    Peer(distribution="openai", module="openai", calls={"openai": "openai, videos.create"}),
    Peer(
        distribution="litellm",
        module="litellm",
        calls={
            "litellm": "LiteLLM, Router.avideo_generation",
            "litellm_fallback": "LiteLLM, the same with one fallback",
        },
    ),
)
NAMES = tuple(peer.distribution for peer in PEERS)


def environment() -> dict[str, str]:
    """Return what a measured process may know: no keys, no proxies; LiteLLM is to fetch no prices when imported."""
    return {"PATH": os.defpath, "HOME": str(FOLDER), "LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONWARNINGS": "ignore"}


def python(name: str) -> Path:
    """Return the interpreter of an environment."""
    return FOLDER / name / "bin" / "python"


async def install(name: str, *what: str) -> Path:
    """Make an environment with these distributions, if it is not there yet. Raises NotInstalled."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / ".gitignore").write_text("*\n")
    ready = FOLDER / name / ".ready"
    if not ready.exists():
        shutil.rmtree(FOLDER / name, ignore_errors=True)
        await run(sys.executable, "-m", "venv", str(FOLDER / name))
        await pip(python(name), *what)
        ready.touch()
    return python(name)


async def pip(interpreter: Path, *what: str) -> None:
    """Install into an environment. Raises NotInstalled."""
    await run(str(interpreter), "-m", "pip", "install", "-q", "--disable-pip-version-check", *what)


def chosen(parser: argparse.ArgumentParser) -> tuple[argparse.Namespace, tuple[Peer, ...]]:
    """Read the command line; returns the options, and which peers are to be asked."""
    parser.add_argument("--peers", default=",".join(NAMES), help="which of the field's clients, with commas between")
    parser.add_argument("--no-peers", action="store_true", help="without the field: none of it is installed")
    options = parser.parse_args()
    names = () if options.no_peers else options.peers.split(",")
    if unknown := sorted(set(names) - set(NAMES)):
        parser.error(f"no such peer: {', '.join(unknown)}; there are {', '.join(NAMES)}")
    return options, tuple(peer for peer in PEERS if peer.distribution in names)


async def versions_in(interpreter: Path, *names: str) -> dict[str, str]:
    """Return the versions that are in an environment."""
    code = "import importlib.metadata as m, json, sys; print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"
    found: dict[str, str] = json.loads(await run(str(interpreter), "-c", code, *names))
    return found


@frozen(kw_only=True)
class Lost:
    """What a vendor saw of one logical submit of a peer."""

    posts: int
    distinct: int  #: by idempotency key, as far as one was sent
    keyed: bool
    seconds: float  #: from the first POST to the last
    said: str  #: the error that the caller sees

    @property
    def capped(self) -> bool:
        return self.said == "still trying"


async def submit(call: str, interpreter: Path, loss: Loss, timeout: float | None) -> Lost:
    """Let a peer submit once, and count."""
    async with LossyServer(loss) as server:
        command = [str(interpreter), str(SCRIPT), call, server.origin, *([] if timeout is None else [str(timeout)])]
        try:
            async with asyncio.timeout(CAP):
                out = await run(*command, env=environment())
            said = json.loads(out.splitlines()[-1])["said"]
        except TimeoutError:
            said = "still trying"
        times = [post.at for post in server.posts]
        return Lost(
            posts=len(times),
            distinct=server.distinct,
            keyed=any(post.key is not None for post in server.posts),
            seconds=times[-1] - times[0] if times else 0.0,
            said=said,
        )


@frozen(kw_only=True)
class Block:
    """What a job of a peer's block cost."""

    us: float  #: CPU microseconds, of all threads
    whole: bool  #: it was not cut off; else `us` is the least that a job costs


@define(eq=False)
class Living:
    """A peer's process that stays, and makes blocks of jobs when it is told to. See `_peer_life`."""

    process: asyncio.subprocess.Process
    errors: asyncio.Future[bytes]

    @classmethod
    async def start(cls, call: str, interpreter: Path, origin: str) -> Self:
        """Start it, and let it warm up. Raises NotInstalled."""
        pipe = asyncio.subprocess.PIPE
        command = (str(interpreter), str(LIFE), call, origin)
        process = await asyncio.create_subprocess_exec(
            *command, env=environment(), stdin=pipe, stdout=pipe, stderr=pipe
        )
        assert process.stderr is not None
        it = cls(process, asyncio.ensure_future(process.stderr.read()))
        await it._said()
        return it

    async def block(self, in_flight: int, each: int, every: float) -> Block:
        """Make a block of jobs. Raises NotInstalled with what went wrong. One that failed or was cut off ends it."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"block {in_flight} {each} {every}\n".encode())
        block = Block(**await self._said())
        if not block.whole:
            await self.stop()  # what is left of its jobs would go on beside the next block
        return block

    async def stop(self) -> None:
        """End it."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self.errors

    async def _said(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        said: dict[str, Any] = json.loads(line) if line else {}
        if not line or "error" in said:
            await self.stop()
            raise NotInstalled(said.get("error") or _reason(self.errors.result().decode().splitlines(), "no answer"))
        return said


async def run(*command: str, env: dict[str, str] | None = None) -> str:
    """Run a program to its end; returns what it printed. Raises NotInstalled."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, env=env, stdout=pipe, stderr=pipe)
    try:
        out, err = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise NotInstalled(_reason(err.decode("utf-8", "replace").splitlines(), process.returncode))
    return out.decode()


def _reason(lines: Sequence[str], code: Any) -> str:
    errors = [line for line in lines if line.startswith("ERROR") or "Error" in line]
    return (errors or list(lines) or [f"ended with {code}"])[-1].strip()[:160]
