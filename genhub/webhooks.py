"""Vendors' webhooks, taken as hints: an aiohttp application, and a plain function for any other framework.

    app.add_subapp("/hooks", genhub.webhooks.application(hub, secret=Secret(os.environ["HOOK_SECRET"])))

A call makes the hub read the jobs that it names, by the account's own key; what else it says is not believed.
"""

from __future__ import annotations

import hmac
import logging
import secrets
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Literal, Protocol
from urllib.parse import quote

from attrs import frozen

from genhub._errors import ConfigError, GenhubError, UnsupportedRequest
from genhub._secrets import Secret

if TYPE_CHECKING:
    from aiohttp import web

    from genhub._hub import Hub

log = logging.getLogger("genhub.webhooks")

#: A longer call than this is refused, in bytes.
LIMIT = 256 * 1024

_REMEDY = "Make a secret by `python -c 'import secrets; print(secrets.token_urlsafe(32))'`"


class Verifier(Protocol):
    """Says whether a call is the vendor's. What it raises is a no."""

    def __call__(self, headers: Mapping[str, str], body: bytes, /) -> bool: ...


@frozen(kw_only=True)
class Reply:
    """What is to be answered to a vendor's call, and what the call named.

    `status`: 200 for whatever is authentic, known or not (the vendor is not to try again); 400 where the adapter can't
    read it; 401 where the verifier said no; 404 without such an account, or where its provider has no webhooks; 413
    above `LIMIT`; 503 while the hub is closed, only reads, or can't use its journal.
    """

    status: int
    jobs: tuple[str, ...] = ()  #: our jobs that it named, open or not
    event: str = ""  #: the vendor's word for it


async def receive(
    hub: Hub, account: str, headers: Mapping[str, str], body: bytes, *, verify: Verifier | None = None
) -> Reply:
    """Take a vendor's call, which came to `account`, as a hint; returns what to answer.

    Raises nothing for what a stranger may send. It does not wait for the vendor: the jobs are read in the background.
    Without `verify` the caller has to know by itself that the call is authentic, by a secret URL for example.
    """
    if len(body) > LIMIT:
        return Reply(status=413)
    if verify is not None and not _passes(verify, headers, body):
        return Reply(status=401)
    try:
        hint = await hub.webhook(account, headers, body)
        jobs = await hub.store.find(account, hint.provider_ids)
    except (ConfigError, UnsupportedRequest):
        return Reply(status=404)
    except GenhubError as error:
        log.warning("a webhook could not be taken: %s", error)
        return Reply(status=503)
    except Exception as error:  # of an adapter; its words may hold the call's
        log.warning("a webhook could not be read: %s", type(error).__name__)
        return Reply(status=400)
    return Reply(status=200, jobs=jobs, event=hint.event)


def _passes(verify: Verifier, headers: Mapping[str, str], body: bytes) -> bool:
    try:
        return bool(verify(headers, body))
    except Exception as error:  # its words may hold the secret
        log.warning("the verifier of webhooks raised %s", type(error).__name__)
        return False


@frozen
class _HmacSha256:
    secret: Secret
    header: str
    prefix: str
    written: Literal["hex", "base64"]

    def __call__(self, headers: Mapping[str, str], body: bytes, /) -> bool:
        found = [value for name, value in headers.items() if name.lower() == self.header.lower()]
        if len(found) != 1:  # of two, a proxy may have looked at the other
            return False
        digest = hmac.new(self.secret.reveal().encode(), body, sha256).digest()
        signed = digest.hex() if self.written == "hex" else b64encode(digest).decode()
        return _same(self.prefix + signed, found[0].strip())


def hmac_sha256(
    secret: str | Secret, header: str, *, prefix: str = "", encoding: Literal["hex", "base64"] = "hex"
) -> Verifier:
    """Return a verifier for a header with the HMAC-SHA256 of the body: a common scheme, not a vendor's for certain.

    `prefix`: what stands before it in the header, like `sha256=`. Raises ConfigError for a secret that is empty.
    """
    kept = Secret.of(secret)
    if not kept.reveal().strip():
        raise ConfigError("the secret of webhooks is empty", remedy="It is where the webhook was set up at the vendor")
    return _HmacSha256(kept, header, prefix, encoding)


def application(
    hub: Hub,
    *,
    secret: str | Secret | Mapping[str, str | Secret] | None = None,
    verify: Verifier | Mapping[str, Verifier] | None = None,
) -> web.Application:
    """Return an application that takes `POST /{account}/{secret}`; without a secret, `POST /{account}`.

    `secret` and `verify` are for all accounts, or by account: one that has neither is not served. With both, both must
    be right. A wrong path, method, account or secret is a 404, all alike. A server's own access log shows the path.

    Raises ConfigError where there is neither, for an account that the hub does not have, and for a secret that can't
    stand in a URL as it is.
    """
    from aiohttp import web

    if not secret and not verify:
        raise ConfigError("webhooks need a secret or a verifier: else anybody may call", remedy=_REMEDY)
    doors = _Doors(
        hub,
        secret if isinstance(secret, Mapping) else {} if secret is None else dict.fromkeys(hub.accounts(), secret),
        verify if isinstance(verify, Mapping) else {} if verify is None else dict.fromkeys(hub.accounts(), verify),
    )

    async def take(request: web.Request) -> web.Response:
        account, said = request.match_info["account"], request.match_info.get("secret")
        if request.method != "POST" or not doors.is_path(account, said):
            raise web.HTTPNotFound
        body = bytearray()
        try:
            async for chunk in request.content.iter_any():  # an outer application's limit is not ours
                body += chunk
                if len(body) > LIMIT:
                    break
        except web.RequestPayloadError:
            return web.Response(status=400)
        reply = await receive(hub, account, request.headers, bytes(body), verify=doors.verifier(account, said))
        if reply.status == 404:
            raise web.HTTPNotFound
        return web.Response(status=reply.status)

    app = web.Application(client_max_size=LIMIT)
    app.router.add_route("*", "/{account}/{secret}", take)
    app.router.add_route("*", "/{account}", take)
    return app


class _Doors:
    """Who may come in where."""

    def __init__(self, hub: Hub, secrets_: Mapping[str, str | Secret], verifiers: Mapping[str, Verifier]) -> None:
        for name in {*secrets_, *verifiers}:
            hub.account(name)
        self._secrets = {name: _for_a_path(each) for name, each in secrets_.items()}
        self._verifiers = dict(verifiers)
        self._some_without = any(name not in self._secrets for name in verifiers)
        self._nobodys = Secret(secrets.token_urlsafe(32))

    def is_path(self, account: str, secret: str | None) -> bool:
        """True when the path is right; for an account that does not exist as much is done as for one that does."""
        if secret is None:
            return self._some_without
        return _same(self._secrets.get(account, self._nobodys).reveal(), secret)

    def verifier(self, account: str, secret: str | None) -> Verifier | None:
        """Return who decides on a call whose path is right."""
        if secret is None and (account in self._secrets or account not in self._verifiers):
            return _no
        return self._verifiers.get(account)


def _no(_: Mapping[str, str], __: bytes, /) -> bool:
    return False


def _same(ours: str, theirs: str) -> bool:
    """Compare in a time that says nothing, not even how long ours is."""
    one, other = (sha256(each.encode("utf-8", "surrogatepass")).digest() for each in (ours, theirs))
    return hmac.compare_digest(one, other)


def _for_a_path(text: str | Secret) -> Secret:
    secret = Secret.of(text)
    plain = secret.reveal()
    if not plain or quote(plain, safe="") != plain:
        raise ConfigError("the secret of webhooks is empty, or is more than letters, digits and -._~", remedy=_REMEDY)
    return secret


__all__ = ["LIMIT", "Reply", "Verifier", "application", "hmac_sha256", "receive"]
