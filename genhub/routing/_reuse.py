"""What makes two calls the same intention: what is asked for, and of whom."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson

from genhub._plain import to_dict
from genhub._requests import Request


def intention(request: Request) -> dict[str, Any]:
    """Return what is asked for, without what is for the user's own books."""
    return {name: value for name, value in to_dict(request).items() if name not in ("label", "tags")}


def fingerprint(request: Request, *about: str | Sequence[str] | None) -> str:
    """Return what tells one intention from another; `about`: of whom, and how."""
    text = orjson.dumps([*about, intention(request)], option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(text).hexdigest()[:16]
