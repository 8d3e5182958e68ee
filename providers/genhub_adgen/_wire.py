"""The parts of CutX's answers that genhub reads: camelCase for generations, snake_case for all else (trap 16)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from attrs import frozen

from genhub import Output
from genhub._wire import NotUnderstood, parse
from genhub.http import Id
from genhub_adgen._tables import OUTPUTS


@frozen(kw_only=True)
class Submitted:
    """The answer to a submit. Once it names the job, nothing else in it may cast doubt on the submit."""

    jobId: Id  # `id` when its status is read (trap 3)
    status: Any = None  # the vendor's samples leave these out at times (trap 10)
    creditsUsed: Decimal | None = None
    creditsRemaining: Decimal | None = None
    variants: Any = None

    @property
    def word(self) -> str:
        return self.status if isinstance(self.status, str) else ""


@frozen(kw_only=True)
class Variant:
    """One of the texts of a copy."""

    hook: str | None = None
    body: str | None = None
    cta: str | None = None
    hashtags: tuple[str, ...] | None = None


@frozen(kw_only=True)
class Asset:
    """One file of a job."""

    id: Id | None = None
    type: str | None = None
    url: str | None = None


@frozen(kw_only=True)
class Job:
    """The status of a job. It says nothing of credits (trap 5); where it says why it failed is not documented."""

    status: str
    assets: tuple[Asset, ...] | None = None
    variants: Any = None  # not documented here (trap 14); read if they are
    error: Any = None
    errorMessage: Any = None
    error_message: Any = None
    message: Any = None

    @property
    def reason(self) -> str | None:
        for said in (self.error, self.errorMessage, self.error_message, self.message):
            text = cast("dict[str, Any]", said).get("message") if isinstance(said, dict) else said
            if isinstance(text, str) and text:
                return text
        return None

    def outputs(self, raw: Iterable[Any]) -> tuple[Output, ...]:
        if not self.assets:
            return texts(self.variants)
        files = (
            Output(kind=OUTPUTS.get((a.type or "").lower(), "file"), url=a.url, provider_id=a.id, raw=item)
            for a, item in zip(self.assets, raw, strict=True)
        )
        return (*texts(self.variants), *files)


def texts(variants: Any) -> tuple[Output, ...]:
    """Read the variants of a copy; one that is not understood is kept raw: it is paid for."""
    if not isinstance(variants, list):
        return ()
    return tuple(_text(each) for each in cast("Iterable[Any]", variants))


def _text(raw: Any) -> Output:
    try:
        variant = parse(Variant, raw)
    except NotUnderstood:
        return Output(kind="text", raw=raw)
    parts = {"hook": variant.hook, "body": variant.body, "cta": variant.cta}
    return Output(
        kind="text",
        text="\n\n".join(filter(None, parts.values())) or None,
        hashtags=variant.hashtags or (),
        fields={name: part for name, part in parts.items() if part is not None},
        raw=raw,
    )


@frozen(kw_only=True)
class Credits:
    """What an account holds."""

    balance: Decimal | None = None


@frozen(kw_only=True)
class Project:
    """A project of the account."""

    id: Id
    name: str | None = None
    description: str | None = None
    product_count: int | None = None  # a string on the wire
    asset_count: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


@frozen(kw_only=True)
class Product:
    """What a project advertises."""

    id: Id
    name: str | None = None
    description: str | None = None
    price: Decimal | None = None  # a string on the wire
    currency: str | None = None
    brand: str | None = None
    category: str | None = None
    source_url: str | None = None
    image_url: str | None = None
    created_at: datetime | None = None


@frozen(kw_only=True)
class User:
    """Whom a token belongs to."""

    id: Id
    email: str | None = None
    name: str | None = None
    role: str | None = None
    email_verified: bool | None = None
    created_at: datetime | None = None


@frozen(kw_only=True)
class Projects:
    projects: tuple[Project, ...]


@frozen(kw_only=True)
class Products:
    products: tuple[Product, ...]


@frozen(kw_only=True)
class Me:
    user: User
