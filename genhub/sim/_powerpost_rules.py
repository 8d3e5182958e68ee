"""PowerPost's tables: what its documents allow in a body, and what things cost here."""

from collections.abc import Mapping
from decimal import Decimal

from ._fields import Fields, Invalid
from ._http import Refusal

PLATFORMS: Mapping[str, str] = {
    post_type: platform
    for platform, post_types in {
        "instagram": ("instagram-feed", "instagram-reel", "instagram-story"),
        "tiktok": ("tiktok-video", "tiktok-photos"),
        "youtube": ("youtube-video", "youtube-short"),
        "x": ("x-post",),
        "facebook": ("facebook-post", "facebook-reel", "facebook-story"),
        "linkedin": ("linkedin-post",),
    }.items()
    for post_type in post_types
}
STATUSES = ("pending", "processing", "completed", "failed")
SIZES: Mapping[str, tuple[int, int]] = {
    "square": (1024, 1024),
    "feed": (1024, 1280),
    "portrait": (1080, 1920),
    "landscape": (1920, 1080),
}
IMAGE_MODELS = ("flux2-flex", "ideogram-3", "gpt-image-1.5", "nano-banana-2")
#: Model: longest prompt, durations, whether it has sound.
VIDEO_MODELS: Mapping[str, tuple[int, tuple[int, ...], bool]] = {
    "kling-3.0-pro": (2500, (5, 10), True),
    "veo-3.1": (3000, (4, 8), True),
    "runway-gen-4.5": (1000, (5, 10), False),
}
UPLOADS: Mapping[str, tuple[str, ...]] = {
    "image": ("image/jpeg", "image/png", "image/webp"),
    "video": ("video/mp4", "video/quicktime", "video/webm"),
}
#: The first three are the seed's examples; for the others the documents name no price any more.
PRICES: Mapping[str, Decimal] = {
    "regular": Decimal(10),
    "deep": Decimal(15),
    "image": Decimal(9),
    "source_url": Decimal(1),
    "video_second": Decimal(8),
    "publish": Decimal(1),
    "publish_x": Decimal(4),
}
#: The scope that each endpoint asks of a key.
SCOPES: Mapping[tuple[str, str], str] = {
    ("POST", "/content/generate"): "content:generate",
    ("GET", "/content/generations"): "content:read",
    ("GET", "/content/generations/{id}"): "content:read",
    ("POST", "/images/generate"): "images:generate",
    ("GET", "/images/generations/{id}"): "images:read",
    ("POST", "/videos/generate"): "videos:generate",
    ("GET", "/videos/generations/{id}"): "videos:read",
    ("POST", "/media/upload"): "media:write",
    ("POST", "/posts"): "posts:write",
    ("GET", "/posts/{id}"): "posts:read",
    ("POST", "/posts/{id}/publish"): "posts:publish",
    ("GET", "/account/credits"): "account:read",
}


def platforms(post_types: list[str]) -> list[str]:
    """Return the platforms of some post types: each once, in the order asked."""
    return list(dict.fromkeys(PLATFORMS[post_type] for post_type in post_types))


def check_captions(fields: Fields, prompt_limit: int, kinds: Mapping[str, str]) -> tuple[list[str], Decimal]:
    """Check a caption request; return its post types and how much dearer its sources make it."""
    media = fields.texts("media_ids", high=10)
    fields.text("prompt", required=not media, low=3, high=prompt_limit)
    known = [kinds.get(media_id) for media_id in media]
    if None in known:
        raise Refusal(404, "NOT_FOUND", "Resource not found")
    if "video" in known and len(known) > 1:
        raise Invalid("media_ids", "up to 10 images, or one video")
    post_types = fields.texts("post_types", required=True, high=len(PLATFORMS), choices=PLATFORMS)
    fields.text("research_mode", required=True, choices=("regular", "deep"))
    fields.text("writing_style_id")
    fields.text("cta_text", high=100)
    urls = fields.texts("source_urls", high=10)
    if not all(url.startswith("https://") for url in urls):
        raise Invalid("source_urls", "must be HTTPS")
    return post_types, PRICES["source_url"] * len(urls)


def check_image(fields: Fields) -> tuple[str, int]:
    """Check an image request; return its size and how many images it asks for."""
    fields.text("prompt", required="generation_id" not in fields.data, high=2000)
    size = fields.text("size", choices=SIZES) or "square"
    model = fields.text("model", choices=IMAGE_MODELS) or "flux2-flex"
    if (model, size) == ("gpt-image-1.5", "feed"):
        raise Invalid("size", "gpt-image-1.5 does not support feed")
    fields.flag("enhance_prompt")
    fields.texts("style_images", high=4)
    fields.text("generation_id")
    if fields.text("source_post_type", choices=PLATFORMS) and "generation_id" not in fields.data:
        raise Invalid("source_post_type", "goes with generation_id")
    return size, fields.whole("quantity", low=1, high=4) or 1


def check_video(fields: Fields) -> dict[str, object]:
    """Check a video request; return what it is to be, defaults and all."""
    model = fields.text("model", choices=VIDEO_MODELS) or "kling-3.0-pro"
    longest, durations, sound = VIDEO_MODELS[model]
    fields.text("prompt", required=True, low=1, high=longest)
    duration = fields.whole("duration", required=True, low=1, high=60)
    if duration not in durations:
        raise Invalid("duration", f"{model} makes {' or '.join(map(str, durations))} seconds")
    has_audio = fields.flag("has_audio")
    if has_audio and not sound:
        raise Invalid("has_audio", f"{model} has no audio")
    fields.flag("enhance_prompt")
    fields.text("source_image")
    size = fields.text("size", choices=("landscape", "portrait")) or "landscape"
    return {"model": model, "duration": duration, "has_audio": has_audio, "size": size}
