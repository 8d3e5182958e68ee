"""How long a text is, as the platforms count.

X's rules are those of twitter-text's configuration 3; bare domains, which X shortens too, are counted as written.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

_LINK = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]}'…]", re.IGNORECASE)
_PICTURE = "[\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
_DRESS = "(?:\ufe0f|[\U0001f3fb-\U0001f3ff])?[\U000e0020-\U000e007f]*"
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"  # a flag
    "|[0-9#*]\ufe0f?\u20e3"  # a key
    "|[\u00a9\u00ae\u203c\u2049\u2122\u2139]\ufe0f"
    f"|{_PICTURE}{_DRESS}(?:\u200d{_PICTURE}{_DRESS})*"
)
#: The code points that X counts once; all others count twice.
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
_LINK_LENGTH = 23


class Unit(StrEnum):
    """What a limit counts."""

    CHARACTERS = "characters"
    GRAPHEMES = "graphemes"
    UTF16 = "utf16"
    BYTES = "bytes"
    WEIGHTED = "weighted"
    LINKS23 = "links23"
    EMOJI_BYTES = "emoji_bytes"

    @property
    def words(self) -> str:
        """What it is called in a sentence."""
        match self:
            case Unit.CHARACTERS:
                return "characters"
            case Unit.GRAPHEMES:
                return "characters as read"
            case Unit.UTF16:
                return "UTF-16 units"
            case Unit.BYTES:
                return "bytes"
            case Unit.WEIGHTED:
                return "characters as X counts"
            case Unit.LINKS23:
                return "characters with links as 23"
            case Unit.EMOJI_BYTES:
                return "characters with emoji as bytes"


def measure(text: str, unit: Unit) -> int:
    """Return a text's length in a unit."""
    match unit:
        case Unit.BYTES:
            return _bytes(text)
        case Unit.UTF16:
            return len(text.encode("utf-16-le", "surrogatepass")) // 2
        case Unit.CHARACTERS:
            return len(_composed(text))
        case Unit.LINKS23:
            return len(_LINK.sub("x" * _LINK_LENGTH, _composed(text)))
        case Unit.EMOJI_BYTES:
            return len(_EMOJI.sub(lambda found: "x" * _bytes(found[0]), _composed(text)))
        case Unit.GRAPHEMES:
            single = _EMOJI.sub("x", _composed(text).replace("\r\n", "\n"))
            return sum(unicodedata.category(each) not in ("Mn", "Me", "Mc", "Cf") for each in single)
        case Unit.WEIGHTED:
            short = _LINK.sub("x" * _LINK_LENGTH, _composed(text))
            return sum(1 if _light(each) else 2 for each in _EMOJI.sub("\U0001f600", short))


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _light(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _LIGHT)


def without_links(text: str) -> str:
    """Return a text with a space where its links were."""
    return _LINK.sub(" ", text)
