"""PowerPost calls an application over real sockets: a call is a hint, and costs a read at most."""

from __future__ import annotations

import hashlib
import hmac
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from genhub import ConfigError, Hub, Secret, Status, TextRequest
from genhub.sim import Scenario
from genhub.webhooks import LIMIT, application, hmac_sha256
from tests.webhooks.conftest import SECRET, SELDOM, Place, place

CAPTION = TextRequest(prompt="Soup", platforms=("x",))
OURS = f"/powerpost/{SECRET}"


def event(job_id: str | None, word: str = "completed", **more: Any) -> bytes:
    """Return one of PowerPost's calls."""
    data = {"generation_id": job_id, "status": word, **more}
    return orjson.dumps({"event": f"generation.{word}", "workspace_id": "ws-1", "data": data})


async def start(at: Place, seconds: float = 5.0) -> tuple[Any, str]:
    """Submit a caption that takes so long; returns its handle and the vendor's id."""
    at.sim.script(Scenario(duration=seconds))
    handle = await at.hub.submit(CAPTION, to="powerpost")
    assert handle.job.provider_id is not None
    return handle, handle.job.provider_id


async def test_an_end_that_is_announced_is_read_at_once() -> None:
    """PowerPost says so itself, and one read tells the rest."""
    async with place() as at:
        handle, _ = await start(at)
        at.clock.advance(5)
        assert 200 == await at.answers.get()
        job = await handle.wait()

        assert Status.SUCCEEDED is job.status
        assert 1 == at.reads()
        assert at.clock.monotonic() < SELDOM


async def test_a_failure_that_is_announced_is_read_at_once() -> None:
    """What the call says of it is read again, by our own key."""
    async with place() as at:
        at.sim.script(Scenario(duration=5, outcome="failed", error="MODERATED"))
        handle = await at.hub.submit(CAPTION, to="powerpost")
        at.clock.advance(5)
        assert 200 == await at.answers.get()
        job = await handle.wait()

        assert Status.FAILED is job.status
        assert job.error is not None
        assert "MODERATED" == job.error.code


async def test_a_lost_webhook_costs_time_and_nothing_else() -> None:
    """PowerPost has the wrong address: polls end the job."""
    async with place("/powerpost/an-older-secret") as at:
        handle, _ = await start(at)
        at.clock.advance(5)
        assert 404 == await at.answers.get()
        assert Status.SUCCEEDED is not handle.job.status
        assert 0 == at.reads()
        at.clock.advance(SELDOM)

        assert Status.SUCCEEDED is (await handle.wait()).status
        assert 1 == at.reads()


async def test_a_repeated_delivery_is_one_read() -> None:
    """However often it comes: the second read is the one that was due anyway."""
    async with place("/lost") as at:
        handle, made = await start(at, seconds=60)
        for _ in range(5):
            assert 200 == await at.post(OURS, event(made))
        at.clock.advance(SELDOM)
        await handle.wait()

        assert 2 == at.reads()


async def test_calls_that_differ_are_one_read_in_its_least_time() -> None:
    """Whoever has the secret can't make us storm the vendor."""
    async with place("/lost") as at:
        handle, made = await start(at, seconds=60)
        for number in range(20):
            assert 200 == await at.post(OURS, event(made, number=number))
        at.clock.advance(SELDOM)
        await handle.wait()

        assert 2 == at.reads()


async def test_a_call_that_comes_late_changes_nothing() -> None:
    """A failure that is claimed after the end, and the end again: the job stays as it is, and nothing is read."""
    async with place() as at:
        handle, made = await start(at)
        at.clock.advance(5)
        job = await handle.wait()
        for body in (event(made, "failed"), event(made), event(made, "completed", outputs={"x": "forged"})):
            assert 200 == await at.post(OURS, body)

        assert job == await at.hub.store.job(job.id)
        assert 1 == at.reads()
        assert 0 == len(at.hub._desk.tracker)
        assert at.hub.in_hand(job.id) is None


async def test_an_end_that_is_claimed_is_not_believed() -> None:
    """A job in work stays in work, at the price of a read."""
    async with place("/lost") as at:
        handle, made = await start(at, seconds=60)
        assert 200 == await at.post(OURS, event(made, "failed"))
        at.clock.advance(SELDOM)
        job = await handle.wait()

        assert Status.SUCCEEDED is job.status
        assert 1 == len(job.attempts)
        assert ["charge"] == [str(entry.kind) for entry in job.attempt.entries if entry.settles is None]


async def test_ids_of_others_are_read_by_nobody() -> None:
    """Another account's job, and one that there is not: answered, so that nobody tries again, and forgotten."""
    async with place("/lost") as at:
        handle, made = await start(at)
        assert 200 == await at.post(f"/second/{SECRET}", event(made))
        assert 200 == await at.post(OURS, event("no such job"))
        at.clock.advance(SELDOM)
        await handle.wait()

        assert 1 == at.reads()


@pytest.mark.parametrize("body", [b"", b"soup", b"[" * 1000, b"\xff\xfe", b'{"event": 7, "data": []}'])
async def test_what_says_nothing_is_taken(body: bytes) -> None:
    """It is authentic, so it is answered; nothing is read."""
    async with place("/lost") as at:
        handle, _ = await start(at)
        assert 200 == await at.post(OURS, body)
        at.clock.advance(SELDOM)
        await handle.wait()

        assert 1 == at.reads()


async def test_a_wrong_path_says_nothing() -> None:
    """A wrong secret, an account that there is not, a GET, too few parts or too many: all alike."""
    async with place("/lost") as at:
        answers: set[tuple[int, bytes, str | None]] = set()
        paths = (f"/powerpost/{SECRET}x", f"/nobody/{SECRET}", "/powerpost/wrong", "/powerpost", "/nobody", "/")
        for method, path in [*(("POST", path) for path in (*paths, f"{OURS}/more")), ("GET", OURS), ("PUT", OURS)]:
            async with at.http.request(method, at.url + path, data=b"{}") as response:
                answers.add((response.status, await response.read(), response.headers.get("Content-Type")))

        assert {(404, b"404: Not Found", "text/plain; charset=utf-8")} == answers


async def test_what_is_too_long_is_refused() -> None:
    """Whatever the outer application allows; and what never ends is not waited for."""

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 1024

    async with place("/lost") as at:
        _, made = await start(at)
        body = event(made)
        assert 200 == await at.post(OURS, body + b" " * (LIMIT - len(body)))
        assert 413 == await at.post(OURS, b" " * (LIMIT + 1))
        async with at.http.post(at.url + OURS, data=endless()) as response:
            assert 413 == response.status


async def test_a_body_that_breaks_off_is_no_accident() -> None:
    """What can't be unpacked is a bad request, and not an error of ours."""
    async with place("/lost") as at:
        assert 400 == await at.post(OURS, b"no gzip", headers={"Content-Encoding": "gzip"})


async def test_a_signature_decides() -> None:
    """Wrong, of another body, missing: 401 and no read. Right: as without."""
    verify = hmac_sha256("k", "X-Signature", prefix="sha256=")
    signed = "sha256=" + _hmac(b"k", b"{}")
    async with place("/lost", verify=verify) as at:
        handle, made = await start(at)
        body = event(made)
        right = {"X-Signature": "sha256=" + _hmac(b"k", body)}
        for headers in ({}, {"X-Signature": signed}, {"X-Signature": "sha256="}, {"X-Signature": _hmac(b"k", body)}):
            assert 401 == await at.post("/powerpost", body, headers=headers)
        assert 401 == await at.post("/nobody", body, headers=right)
        assert 404 == await at.post("/powerpost/more", body, headers=right)
        at.clock.advance(5)
        assert 200 == await at.post("/powerpost", body, headers=right)

        assert Status.SUCCEEDED is (await handle.wait()).status
        assert 1 == at.reads()


async def test_with_both_both_must_be_right() -> None:
    """A right signature does not spare the secret, nor the secret the signature; whatever others need."""
    verify = hmac_sha256("k", "X-Signature")
    headers = {"X-Signature": _hmac(b"k", b"{}")}
    async with place("/lost", secret={"powerpost": SECRET}, verify=verify) as at:
        assert 200 == await at.post("/second", headers=headers)
        assert 401 == await at.post("/powerpost", headers=headers)
    async with place("/lost", secret=SECRET, verify=verify) as at:
        assert 404 == await at.post("/powerpost", headers=headers)
        assert 404 == await at.post("/powerpost/wrong", headers=headers)
        assert 401 == await at.post(OURS)
        assert 200 == await at.post(OURS, headers=headers)


async def test_each_account_has_its_own() -> None:
    """What opens one does not open the other; and no answer says which of them exist."""
    doors: dict[str, Any] = {
        "secret": {"powerpost": Secret(SECRET)},
        "verify": {"second": hmac_sha256("k", "X-Signature")},
    }
    headers = {"X-Signature": _hmac(b"k", b"{}")}
    async with place("/lost", **doors) as at:
        assert 200 == await at.post(OURS)
        assert 404 == await at.post(f"/second/{SECRET}", headers=headers)
        assert 404 == await at.post(f"/nobody/{SECRET}", headers=headers)
        assert 200 == await at.post("/second", headers=headers)
        assert 401 == await at.post("/second")
        assert 401 == await at.post("/powerpost", headers=headers)
        assert 401 == await at.post("/nobody", headers=headers)


async def test_one_that_has_neither_is_not_served() -> None:
    """The account that nobody thought of is closed."""
    async with place("/lost", secret={"powerpost": SECRET}) as at:
        assert 404 == await at.post(f"/second/{SECRET}")
        assert 404 == await at.post("/second")


async def test_a_hub_that_is_closed_asks_to_be_called_again() -> None:
    """503: the vendor may try later."""
    async with place("/lost") as at:
        await at.hub.close()
        assert 503 == await at.post(OURS)


async def test_the_secret_is_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    """Not in a log, a repr or an error."""
    caplog.set_level(logging.DEBUG)
    verify = hmac_sha256("hush-hush", "X-Signature")
    async with place("/lost", secret=SECRET, verify=verify) as at:
        app = application(at.hub, secret=SECRET)
        await at.post(OURS)
        await at.post(OURS, b" " * (LIMIT + 1))
        await at.post(f"/{SECRET}/powerpost")
        await at.hub.close()
        await at.post(OURS, headers={"X-Signature": _hmac(b"hush-hush", b"{}")})
        with pytest.raises(ConfigError) as wrong:
            application(at.hub, secret=SECRET + "/x")

    assert "a webhook could not be taken" in caplog.text
    shown = caplog.text + repr(verify) + repr(app) + "".join(map(repr, app.router.routes())) + str(wrong.value)
    assert SECRET not in shown
    assert "hush-hush" not in shown


def test_an_open_door_is_an_error() -> None:
    """Neither secret nor verifier, an empty one, one that can't stand in a URL, an account that there is not."""
    hub = Hub({})
    nothings: list[dict[str, Any]] = [{}, {"secret": None}, {"secret": {}, "verify": {}}, {"secret": ""}]
    for nothing in nothings:
        with pytest.raises(ConfigError, match="need a secret or a verifier") as open_:
            application(hub, **nothing)
        assert "token_urlsafe" in str(open_.value)
    with pytest.raises(ConfigError, match="no account 'a'"):
        application(hub, secret={"a": SECRET})
    with pytest.raises(ConfigError, match="the secret of webhooks is empty"):
        hmac_sha256(" ", "X-Signature")


@pytest.mark.parametrize("secret", ["", " ", "two words", "a/b", "a?b", "ü"])
async def test_a_secret_that_no_path_can_hold_is_an_error(secret: str) -> None:
    """Said when it is built, not when the first call is lost."""
    async with place("/lost") as at:
        with pytest.raises(ConfigError, match="more than letters"):
            application(at.hub, secret={"powerpost": secret})


def test_the_module_loads_no_server() -> None:
    """Who uses another framework, or none, does not load aiohttp by importing it."""
    code = "import sys, genhub.webhooks; sys.exit('aiohttp' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", code]).returncode


def _hmac(key: bytes, body: bytes) -> str:
    return hmac.new(key, body, hashlib.sha256).hexdigest()
