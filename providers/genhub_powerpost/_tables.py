"""PowerPost's words beside ours. Where its documents are odd, a trap's number points into the contract's section 12."""

from __future__ import annotations

from collections.abc import Mapping

from genhub import (
    AuthenticationError,
    InsufficientCredits,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    StatusTable,
    WrongState,
)

#: All three kinds of generation share these words. The answer to a submit says `processing` already, and a later read
#: may still say `pending` (trap 1). There is no word for a cancelled or a stopped one, and no call that does it.
STATUSES = StatusTable.of(
    queued=("pending",),
    running=("processing",),
    succeeded=("completed",),
    failed=("failed",),
)

#: Where each kind of call is sent to, where it is read, and what its id is called: three times three names, so that
#: a bare id is not enough to read a job again (trap 17).
STARTS = {"captions": "/content/generate", "image": "/images/generate", "video": "/videos/generate"}
READS = {"captions": "/content/generations", "image": "/images/generations", "video": "/videos/generations"}
IDS = {"captions": "generation_id", "image": "image_generation_id", "video": "video_generation_id"}

#: What is sent as a post type is read back as a platform, and the type can't be told from it (trap 7).
POST_TYPES = {
    "instagram-feed": "instagram",
    "instagram-reel": "instagram",
    "instagram-story": "instagram",
    "tiktok-video": "tiktok",
    "tiktok-photos": "tiktok",
    "youtube-video": "youtube",
    "youtube-short": "youtube",
    "x-post": "x",
    "facebook-post": "facebook",
    "facebook-reel": "facebook",
    "facebook-story": "facebook",
    "linkedin-post": "linkedin",
}
PLATFORMS = frozenset(POST_TYPES.values())
#: What a platform without a format means.
BARE = {
    "instagram": "instagram-feed",
    "tiktok": "tiktok-video",
    "youtube": "youtube-video",
    "x": "x-post",
    "facebook": "facebook-post",
    "linkedin": "linkedin-post",
}

#: Ratio to size; the first is nearest when two are.
IMAGE_SIZES = {"1:1": "square", "4:5": "feed", "9:16": "portrait", "16:9": "landscape"}
VIDEO_SIZES = {"16:9": "landscape", "9:16": "portrait"}

#: By the vendor's own code. A full storage and a platform that is not connected are facts of the account, which no
#: waiting mends: the request can't be met as it is. A post that is out already is in the wrong state.
CODES: Mapping[str, type[ProviderError]] = {
    "VALIDATION_ERROR": InvalidRequest,
    "INVALID_API_KEY": AuthenticationError,  # missing or wrong: the vendor does not say which (trap 13)
    "INSUFFICIENT_CREDITS": InsufficientCredits,
    "FORBIDDEN": PermissionDenied,
    "INSUFFICIENT_SCOPE": PermissionDenied,
    "NOT_FOUND": NotFound,
    "ALREADY_PUBLISHED": WrongState,
    "FILE_TOO_LARGE": InvalidRequest,
    "STORAGE_QUOTA_EXCEEDED": InvalidRequest,
    "PLATFORM_NOT_CONNECTED": InvalidRequest,
    "RATE_LIMIT_EXCEEDED": RateLimited,
    "INTERNAL_ERROR": ProviderUnavailable,
}

#: Event to the id that its data begins with. No event of a video is documented; should one come, it is named like
#: the others, and a hint costs one read.
EVENTS = {
    f"{noun}.{end}": field
    for noun, field in (
        ("generation", "generation_id"),
        ("image_generation", "image_generation_id"),
        ("video_generation", "video_generation_id"),
    )
    for end in ("completed", "failed")
}
