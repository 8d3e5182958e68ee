"""What to make, in neutral words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

from attrs import Attribute, field, fields, frozen

from genhub._empty import EMPTY
from genhub._errors import InvalidRequest

Kind = Literal["text", "image", "video", "speech"]
Extra = Mapping[str, Mapping[str, Any]]


def _several(value: Iterable[str] | str) -> tuple[str, ...]:
    """A single word is a list of one: `platforms="x"` means `("x",)`, not its letters."""
    return (value,) if isinstance(value, str) else tuple(value)


def _refuse(name: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"{name} {why}; nothing was sent", code=f"invalid_{name}")


def _text(_: object, at: Attribute[Any], value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        raise _refuse(at.name, f"must be text, not {type(value).__name__}")
    if not value.strip():
        raise _refuse(at.name, "is empty: write what to make, or leave it out")


def _texts(_: object, at: Attribute[Any], value: tuple[Any, ...]) -> None:
    for item in value:
        if not isinstance(item, str) or not item.strip():
            raise _refuse(at.name, f"must hold texts that are not empty, not {item!r}")


def _positive(_: object, at: Attribute[Any], value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _refuse(at.name, f"must be a number, not {type(value).__name__}")
    if not 0 < value < float("inf"):
        raise _refuse(at.name, f"must be above 0, not {value}")


def _whole(instance: object, at: Attribute[Any], value: Any) -> None:
    _positive(instance, at, value)
    if value is not None and value != int(value):
        raise _refuse(at.name, f"must be a whole number, not {value}")


def _truth(_: object, at: Attribute[Any], value: Any) -> None:
    if value is not None and not isinstance(value, bool):
        raise _refuse(at.name, f"must be true or false, not {value!r}")


def _length(_: object, at: Attribute[Any], value: Any) -> None:
    if value not in (None, "short", "long"):
        raise _refuse(at.name, f"must be 'short' or 'long', not {value!r}")


def _mapping(_: object, at: Attribute[Any], value: Any) -> None:
    if not isinstance(value, Mapping):
        raise _refuse(at.name, f"must be a table, not {type(value).__name__}")


def _tables(instance: object, at: Attribute[Any], value: Any) -> None:
    _mapping(instance, at, value)
    for name, table in value.items():
        if not isinstance(table, Mapping):
            raise _refuse(at.name, f"must hold one table for each provider: {name!r} is {table!r}")


@frozen(kw_only=True)
class _Request:
    label: str | None = field(default=None, validator=_text)  #: free text for the user's own books
    tags: Mapping[str, str] = field(default=EMPTY, validator=_mapping)
    extra: Extra = field(default=EMPTY, validator=_tables)

    def asked(self) -> dict[str, Any]:
        """Return the fields that say what to make, as far as they were asked for."""
        return {name: value for name in _asks(type(self)) if (value := getattr(self, name)) not in (None, ())}


_BOOKS = frozenset({"label", "tags", "extra"})


#: Looked up once, for every submit asks.
_ASKS: dict[type[Any], tuple[str, ...]] = {}


def _asks(kind: type[Any]) -> tuple[str, ...]:
    """Return the names of the fields that say what to make."""
    names = _ASKS.get(kind)
    if names is None:
        names = _ASKS[kind] = tuple(each.name for each in fields(kind) if each.name not in _BOOKS)
    return names


@frozen(kw_only=True)
class TextRequest(_Request):
    """A text: a caption, a post, ad copy."""

    kind: ClassVar[Literal["text"]] = "text"

    prompt: str | None = field(default=None, validator=_text)
    platforms: tuple[str, ...] = field(default=(), converter=_several, validator=_texts)
    tone: str | None = field(default=None, validator=_text)
    length: Literal["short", "long"] | None = field(default=None, validator=_length)
    count: int | None = field(default=None, validator=_whole)
    language: str | None = field(default=None, validator=_text)
    sources: tuple[str, ...] = field(default=(), converter=_several, validator=_texts)  #: URLs to read
    media: tuple[str, ...] = field(default=(), converter=_several, validator=_texts)  #: the vendor's media ids


@frozen(kw_only=True)
class ImageRequest(_Request):
    """One or more still images."""

    kind: ClassVar[Literal["image"]] = "image"

    prompt: str | None = field(default=None, validator=_text)
    aspect_ratio: str | None = field(default=None, validator=_text)  #: width to height, `"9:16"`
    count: int | None = field(default=None, validator=_whole)
    style: str | None = field(default=None, validator=_text)
    references: tuple[str, ...] = field(default=(), converter=_several, validator=_texts)  #: vendor's media ids


@frozen(kw_only=True)
class VideoRequest(_Request):
    """A video: from a prompt, or of a script that is spoken."""

    kind: ClassVar[Literal["video"]] = "video"

    prompt: str | None = field(default=None, validator=_text)
    script: str | None = field(default=None, validator=_text)  #: the words to speak
    aspect_ratio: str | None = field(default=None, validator=_text)
    duration: float | None = field(default=None, validator=_positive)  #: seconds
    audio: bool | None = field(default=None, validator=_truth)
    image: str | None = field(default=None, validator=_text)  #: the picture to start from: a vendor's media id
    avatar_url: str | None = field(default=None, validator=_text)
    voice: str | None = field(default=None, validator=_text)


@frozen(kw_only=True)
class SpeechRequest(_Request):
    """Spoken words."""

    kind: ClassVar[Literal["speech"]] = "speech"

    script: str | None = field(default=None, validator=_text)
    voice: str | None = field(default=None, validator=_text)
    language: str | None = field(default=None, validator=_text)
    speed: float | None = field(default=None, validator=_positive)  #: 1 is the voice's own speed


Request = TextRequest | ImageRequest | VideoRequest | SpeechRequest

#: Every request class by its kind.
REQUESTS: Mapping[str, type[Request]] = {
    each.kind: each for each in (TextRequest, ImageRequest, VideoRequest, SpeechRequest)
}
