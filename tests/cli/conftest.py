"""The command over simulators that live in a thread, in a folder with a `genhub.toml`."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import define
from click.testing import CliRunner, Result

from genhub.cli._app import root
from genhub.sim import Scenario, Simulator, Simulators

EXAMPLES = Path(__file__).parents[2] / "examples"
#: What no output, file or journal may ever show.
SECRETS = {
    "POWERPOST_API_KEY": "pp_live_sk_DONTSHOWME1",
    "GENPRO_API_KEY": "gen_pat_DONTSHOWME2",
    "ADGEN_TOKEN": "eyJ.DONTSHOWME3.x",
}
LAYOUT = """\
[accounts.powerpost]
provider = "powerpost"
base_url = "{powerpost}"
api_key = "$POWERPOST_API_KEY"
workspace_id = "ws-1"
poll_every = 0.05
doubt_grace = 0.2
timeout = 5

[accounts.genpro]
provider = "genpro"
base_url = "{genpro}"
api_key = "$GENPRO_API_KEY"
agent_id = 42
sheet_id = 101
cell_id = 3000
organization_id = 5
poll_every = 0.05
doubt_grace = 0.2
timeout = 5

[accounts.adgen]
provider = "adgen"
base_url = "{adgen}"
token = "$ADGEN_TOKEN"
project_id = "11111111-aaaa-4bbb-8ccc-0000000000a1"
product_id = "11111111-aaaa-4bbb-8ccc-0000000000b1"
poll_every = 0.05
doubt_grace = 0.2
replay_window = 0
timeout = 5
price = "0.10 EUR"

[journal]
url = "sqlite:///jobs.db"
"""

#: What `Place.route` adds to that, if nothing else is said.
CAPTIONS = """
[routes.captions]
accounts = ["powerpost", "adgen", "genpro"]
portability = "adjust"
"""


@define
class Place:
    """A folder, the simulators behind its configuration, and the command."""

    folder: Path
    sims: Simulators
    loop: asyncio.AbstractEventLoop

    def genhub(self, *args: object, env: Mapping[str, str | None] | None = None) -> Result:
        """Run the command in this process."""
        return CliRunner(env=dict(env or {})).invoke(root, [str(each) for each in args])

    def start(self, *args: object, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start the command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "genhub.cli", *map(str, args)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env={**os.environ, **(env or {})},
        )

    def script(self, name: str, **scenario: Any) -> None:
        """Tell a simulator what is to happen."""
        self._there(lambda: self.sims[name].script(Scenario(**scenario)))

    def creations(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return the bodies of what was bought."""
        names = [name] if name is not None else list(self.sims)
        found: list[dict[str, Any]] = self._there(
            lambda: [body for each in names for _, body in self.sims[each].creations]
        )
        return found

    def until_bought(self, name: str) -> None:
        """Wait until another process has bought something."""

        async def bought() -> None:
            async with asyncio.timeout(30):
                while not self.sims[name].creations:  # noqa: ASYNC110 - the simulators ring no bell
                    await asyncio.sleep(0.01)

        asyncio.run_coroutine_threadsafe(bought(), self.loop).result()

    def accepted(self, name: str) -> str:
        """Wait until another process has its job in the journal, accepted by this vendor; returns its id."""
        self.until_bought(name)
        for _ in range(2000):
            result = self.genhub("jobs", "--json")
            jobs = json.loads(result.stdout).get("jobs") if result.exit_code == 0 else None
            if jobs and jobs[0]["status"] in ("queued", "running"):
                return str(jobs[0]["id"])
        raise AssertionError("the other process made no job")

    def finish(self) -> None:
        """Let every open job succeed now."""
        for name in self.sims:
            self.end(name, "completed")

    def end(self, name: str, word: str) -> None:
        """Let every open job of one simulator end with this word now."""
        self._there(lambda: self._end(self.sims[name], word))

    def _end(self, sim: Simulator, word: str) -> None:
        for job in sim.jobs.values():
            if job.status not in sim.finals:
                sim.force(job, word)

    def route(self, text: str = CAPTIONS) -> None:
        """Add routes to the configuration."""
        path = self.folder / "genhub.toml"
        path.write_text(path.read_text("utf-8") + text, "utf-8")

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    def sim(self, name: str) -> Simulator:
        return self.sims[name]

    def _there(self, work: Callable[[], Any]) -> Any:
        """Do it in the simulators' own thread."""

        async def do() -> Any:
            return work()

        return asyncio.run_coroutine_threadsafe(do(), self.loop).result(20)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    sims = Simulators(speed=100)
    asyncio.run_coroutine_threadsafe(sims.__aenter__(), loop).result(20)
    try:
        for name in sims:
            sims[name].accept()
        urls = {name: sims[name].url for name in ("powerpost", "genpro", "adgen")}
        (tmp_path / "genhub.toml").write_text(LAYOUT.format(**urls), "utf-8")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
        for name in ("GENHUB_CONFIG", "GENHUB_JOURNAL", "GENHUB_DEBUG", "FORCE_COLOR", "NO_COLOR"):
            monkeypatch.delenv(name, raising=False)
        for name, value in SECRETS.items():
            monkeypatch.setenv(name, value)
        yield Place(tmp_path, sims, loop)
    finally:
        asyncio.run_coroutine_threadsafe(sims.__aexit__(None, None, None), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def document(result: Result) -> Any:
    """Return the one JSON document on standard output."""
    return json.loads(result.stdout)


def events(text: str) -> list[dict[str, Any]]:
    """Return the lines of JSON."""
    return [json.loads(line) for line in text.splitlines()]
