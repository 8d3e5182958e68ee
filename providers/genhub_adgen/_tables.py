"""CutX's words and ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from genhub import StatusTable
from genhub._jobs import OutputKind
from genhub.http import Complaint, Dialect

STATUSES = StatusTable.of(
    queued=("pending", "queued"),  # submits answer `queued`; a status may still say `pending` (trap 13)
    running=("processing",),
    succeeded=("completed",),
    failed=("failed",),
    canceled=("canceled",),  # one l (trap 12)
    expired=("expired",),
)
#: Not a state of a job, but what a duplicate submit is answered (trap 1).
REUSED = "reused"

OUTPUTS: Mapping[str, OutputKind] = {"text": "text", "image": "image", "video": "video", "audio": "audio"}

#: A request's kind, the vendor's own word for it, and where it is made. There is no speech.
KINDS: Mapping[str, str] = {"text": "copy", "image": "static_ad", "video": "video"}
PATHS: Mapping[str, str] = {
    "copy": "/api/generate/copy",
    "static_ad": "/api/generate/static-ad",
    "video": "/api/generate/video",
}

#: Our fields and the names that the vendor documents for that kind (sections 2.1 to 2.3). Their options and lengths
#: are the vendor's to judge: its own example sends a style that is not in its list (trap 6).
FIELDS: Mapping[str, Mapping[str, str]] = {
    "copy": {"platforms": "platform", "length": "format", "tone": "tone", "prompt": "customInstructions"},
    "static_ad": {"style": "style", "aspect_ratio": "aspectRatio", "prompt": "prompt"},
    "video": {"script": "script", "avatar_url": "avatarUrl", "voice": "voiceId", "aspect_ratio": "aspectRatio"},
}
#: What a copy must say, and a request need not (design section 8).
DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "copy": {"platform": "universal", "format": "short", "tone": "professional"},
    "static_ad": {},
    "video": {},
}
ANY_PLATFORM = "universal"
#: Platforms in the vendor's words, and the neutral ones that are one of these. A format that a bare name stands for
#: may be written out.
PLATFORMS: Mapping[str, str] = {
    **{word: word for word in ("meta", "tiktok", "google", "linkedin", "pinterest", ANY_PLATFORM)},
    "instagram": "meta",
    "instagram:feed": "meta",
    "facebook": "meta",
    "facebook:post": "meta",
    "tiktok:video": "tiktok",
    "linkedin:post": "linkedin",
}


def complaint(body: Any) -> Complaint:
    """Read any of the forms that an error may have: its body is not documented (section 6)."""
    if not isinstance(body, dict):
        return Complaint(message=str(body or ""))
    said = cast("dict[str, Any]", body)
    error = said.get("error")
    inner = cast("dict[str, Any]", error) if isinstance(error, dict) else said
    code = inner.get("code")
    message = error if isinstance(error, str) else inner.get("message") or _issues(inner) or ""
    return Complaint(message=str(message), code=code if isinstance(code, str) else None)


def _issues(body: Mapping[str, Any]) -> str:
    """Read what a failed validation lists, in the form of the Zod library: a path and a message each."""
    issues: list[Any] = body["issues"] if isinstance(body.get("issues"), list) else []
    lines: list[str] = []
    for issue in issues:
        each = cast("dict[str, Any]", issue) if isinstance(issue, dict) else {"message": issue}
        path: list[Any] = each["path"] if isinstance(each.get("path"), list) else []
        lines.append(": ".join(filter(None, (".".join(map(str, path)), str(each.get("message", ""))))))
    return "; ".join(lines)


#: No code is documented: the HTTP status decides.
DIALECT = Dialect(complaint=complaint, codes={})
