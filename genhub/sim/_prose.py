"""The words that simulated models write: short, on the prompt, the same every time."""

import re


def subject(prompt: str | None) -> str:
    """Return a few words of the prompt to write about."""
    words = (prompt or "Your picture").strip().split()
    return " ".join(words[:12]).rstrip(".!?,") or "Something new"


def hashtags(prompt: str | None, count: int = 3) -> list[str]:
    """Return tags made of the prompt's longer words."""
    words = [word.title() for word in re.findall(r"\w{4,}", prompt or "")]
    return [f"#{word}" for word in list(dict.fromkeys(words))[:count]] or ["#New"]


def caption(platform: str, prompt: str | None) -> str | dict[str, str]:
    """Return PowerPost's text for one platform; YouTube's has a title of its own."""
    what, tags = subject(prompt), " ".join(hashtags(prompt))
    if platform == "youtube":
        return {"title": what[:100], "description": f"{what}: everything that is new, in one minute. {tags}"}
    openings = {
        "tiktok": "POV:",
        "instagram": "✨",
        "x": "Just in:",
        "facebook": "Friends,",
        "linkedin": "We are glad to say:",
    }
    return f"{openings.get(platform, '')} {what}. See for yourself. {tags}".strip()


_ANGLES = (
    ("{what}? Yes.", "You asked for it and it is here: {what}.", "See it"),
    ("Stop scrolling.", "{what} takes one minute of your day and gives you ten back.", "Try it now"),
    ("What nobody told you", "{what} was made for people like you.", "Find out"),
    ("Before. After.", "The difference is {what}.", "Get yours"),
    ("Last call.", "{what} will not wait for ever.", "Shop today"),
)


def variants(about: str | None) -> list[dict[str, object]]:
    """Return CutX's five variants of an ad's copy."""
    what = subject(about or "the new widget")
    return [
        {
            "hook": hook.format(what=what),
            "body": body.format(what=what),
            "cta": cta,
            "hashtags": hashtags(about),
        }
        for hook, body, cta in _ANGLES
    ]


def script_text(data: dict[str, object]) -> str:
    """Return gen.pro's text for a generation."""
    prompt = data.get("prompt")
    what = subject(prompt if isinstance(prompt, str) else "Here is the generated script text")
    return f"{what}. Look closer: this is what changed, why it matters, and what to do next."
