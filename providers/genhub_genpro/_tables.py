"""gen.pro's words and ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from genhub import (
    AuthenticationError,
    InsufficientCredits,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    RateLimited,
    StatusTable,
    WrongState,
)
from genhub._jobs import OutputKind
from genhub.http import Complaint, Dialect

STATUSES = StatusTable.of(
    queued=("pending",),
    running=("processing",),
    succeeded=("completed",),
    failed=("failed",),
    stopped=("stopped",),  # final for a poller, and revived by `continue` (trap 8)
)

#: `object_type` in lower case, since [seed] writes "video" and [W:openapi] "Video"; any other word is a file.
OUTPUTS: Mapping[str, OutputKind] = {"text": "text", "image": "image", "video": "video", "audio": "audio"}

#: What a request's kind is called by default. Both generations of names are accepted (section 2.6, trap 14);
#: `extra.genpro.generation_type` says any other.
TYPES: Mapping[str, str] = {
    "text": "text_generation",
    "image": "image_from_text",
    "video": "video_from_text",
    "speech": "speech_from_text",
}
FROM_IMAGE = "video_from_image"

#: Our fields and the names in `data` that the vendor documents for that kind (section 2.6).
FIELDS: Mapping[str, Mapping[str, str]] = {
    "text": {"prompt": "prompt"},
    "image": {
        "prompt": "prompt",
        "aspect_ratio": "aspect_ratio",
        "count": "number_of_images",
        "references": "content_resource_ids",
    },
    "video": {
        "prompt": "prompt",
        "aspect_ratio": "aspect_ratio",
        "duration": "duration",
        "image": "image_resource_id",
    },
    "speech": {"script": "script", "language": "language", "speed": "speed"},
}

#: Fields without a name in `data` that a prompt can say in words.
IN_WORDS: Mapping[str, str] = {
    "platforms": "Platforms",
    "tone": "Tone",
    "length": "Length",
    "count": "Number of variants",
    "language": "Language",
    "sources": "Sources",
    "style": "Style",
    "script": "Spoken words",
}


def complaint(body: Any) -> Complaint:
    """Read `{"error": "...", "error_code": "..."}`: a plain string here (trap 20), an object just in case."""
    if not isinstance(body, dict):
        return Complaint(message=str(body or ""))
    said = cast("dict[str, Any]", body)
    error, code = said.get("error"), said.get("error_code")
    if isinstance(error, dict):
        inner = cast("dict[str, Any]", error)
        error, code = inner.get("message"), code or inner.get("code") or inner.get("error_code")
    message = error or said.get("message") or ""
    return Complaint(message=str(message), code=code if isinstance(code, str) else None)


DIALECT = Dialect(
    complaint=complaint,
    codes={
        "unauthorized": AuthenticationError,
        "permission_denied": PermissionDenied,
        "forbidden": PermissionDenied,
        "not_found": NotFound,
        "spreadsheet_not_found": NotFound,
        "project_not_found": NotFound,
        "agent_not_found": NotFound,  # with 422, not 404 (trap 12)
        "organization_not_found": NotFound,
        # 422, not 402: the code comes before the status (trap 7)
        "insufficient_credits_for_job": InsufficientCredits,
        "usable_gen_credit_required": InsufficientCredits,
        "no_active_credit_purchase": InsufficientCredits,
        "payment_required": InsufficientCredits,
        "validation_error": InvalidRequest,  # of a stop or continue it is WrongState: see `state_errors`
        "job_cannot_be_stopped": WrongState,
        "idempotency_conflict": InvalidRequest,
        "rate_limited": RateLimited,
        "rate_limit_exceeded": RateLimited,
    },
)
