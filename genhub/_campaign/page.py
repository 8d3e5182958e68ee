"""The page of a campaign: everything that was made, side by side, in one file that needs no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from urllib.parse import quote

from genhub._campaign import words
from genhub._campaign.progress import Progress, Verdict, relative
from genhub._campaign.results import words_of
from genhub._campaign.style import SCRIPT, STYLE
from genhub._download import File
from genhub._jobs import Job, Output
from genhub._ledger import totals
from genhub._status import Status

#: A prompt of so many characters is shown, a longer one folded; so are texts beyond so many.
SHORT = 220
TEXTS = 4

#: The folder's files that a browser shows by itself.
_PLAYERS = {
    "image": '<a href="{src}"><img src="{src}" alt="{alt}" loading="lazy"></a>',
    "video": '<video controls preload="metadata" src="{src}" aria-label="{alt}"></video>',
    "audio": '<audio controls preload="metadata" src="{src}" aria-label="{alt}"></audio>',
    "file": '<a href="{src}">{alt}</a>',
}


def page(title: str, rows: Sequence[Progress], folder: Path, at: datetime) -> str:
    """Return the page's HTML. Every word that is not ours is escaped."""
    jobs = [each.job for each in rows if each.job is not None]
    cards = "\n".join(_card(each, folder) for each in rows)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{escape(title)} · genhub</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>{escape(title)}</h1>
<p class="when">{len(rows)} requests, {escape(at.astimezone().strftime("%d %B %Y, %H:%M"))}</p>
<p class="sum">{_sum(rows)}</p>
<section class="accounts" aria-label="Credits by account">
{_accounts(jobs)}
</section>
</header>
<form class="filters" aria-label="Filter the requests">
{_select("account", "Account", (each.account for each in rows))}
{_select("status", "Status", (_word(each) for each in rows))}
{_select("kind", "Kind", (each.row.request.kind for each in rows))}
<output id="shown" aria-live="polite">{len(rows)} of {len(rows)}</output>
</form>
<main>
{cards}
</main>
<footer>Written by genhub. All data: <a href="results.jsonl">results.jsonl</a></footer>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _sum(rows: Sequence[Progress]) -> str:
    counts = Counter((_judged(each), _tone(each)) for each in rows)
    marks = (f'<span class="badge {tone}">{n} {escape(said)}</span>' for (said, tone), n in counts.most_common())
    return " ".join(marks)


def _accounts(jobs: Sequence[Job]) -> str:
    cards: list[str] = []
    for total in totals(jobs, "account"):
        spent = "<br>".join(
            f"<strong>{escape(words.amount(credits))}</strong> {escape(words.unit(credits))} "
            f"<small>{escape(words.sure(credits))}</small>"
            for credits in total.credits
        )
        money = "".join(
            f"<p>{escape(words.amount(each))} {escape(each.unit or '')}{' at least' if total.unpriced else ''}</p>"
            for each in total.money
        )
        about = f"{total.jobs} request{'' if total.jobs == 1 else 's'}"
        cards.append(f'<div class="account"><h2>{escape(total.group)}</h2><p>{spent}</p>{money}<p>{about}</p></div>')
    return "\n".join(cards)


def _select(name: str, label: str, found: Iterable[str]) -> str:
    options = "".join(f"<option>{escape(each)}</option>" for each in sorted(set(found)))
    return f'<label>{label} <select name="{name}"><option value="">all</option>{options}</select></label>'


def _word(each: Progress) -> str:
    """Return the status to show: the job's, or what kept it from having one."""
    if each.verdict in (Verdict.IN_DOUBT, Verdict.TIMED_OUT) or each.job is None:
        return each.word
    return str(each.job.status)


def _judged(each: Progress) -> str:
    expected = each.verdict is Verdict.FINE and each.status is not Status.SUCCEEDED
    return f"{_word(each)} as expected" if expected else _word(each)


def _tone(each: Progress) -> str:
    """Return how good it is: a failure that was expected is no bad news."""
    if each.verdict is Verdict.FINE:
        return "good" if each.status is Status.SUCCEEDED else "calm"
    return "calm" if each.verdict in (Verdict.OPEN, Verdict.TIMED_OUT) else "bad"


def _card(each: Progress, folder: Path) -> str:
    row, word = each.row, _word(each)
    kind = row.request.kind
    name = escape(row.name)
    parts = [_media(each, folder), f"<h2>{name}</h2>", _badges(each), _said(each), _texts(each), _facts(each)]
    tone = "" if each.verdict is Verdict.FINE else " bad"
    parts += [f'<p class="error{tone}">{escape(line.strip())}</p>' for line in each.failures]
    if each.lost is not None:
        parts.append(f'<p class="error bad">{escape(each.lost)}</p>')
    inner = "\n".join(part for part in parts if part)
    return (
        f'<article data-account="{escape(each.account)}" data-status="{escape(word)}" data-kind="{kind}">\n'
        f"{inner}\n</article>"
    )


def _said(each: Progress) -> str:
    """Return what was asked for, folded when it is long."""
    asked = each.row.words
    if not asked:
        return ""
    if len(asked) <= SHORT:
        return f'<p class="words said">{escape(asked)}</p>'
    what = "Prompt" if getattr(each.row.request, "prompt", None) else "Script"
    return f'<details><summary>{what}</summary><p class="words">{escape(asked)}</p></details>'


def _badges(each: Progress) -> str:
    return (
        f'<p class="badges"><span class="badge {_tone(each)}">{escape(_judged(each))}</span>'
        f'<span class="badge">{each.row.request.kind}</span><span class="badge">{escape(each.account)}</span></p>'
    )


def _media(each: Progress, folder: Path) -> str:
    if each.job is None:
        return ""
    outputs = each.job.outputs
    shown = "".join(_figure(each, outputs[file.output], file, folder) for file in each.files)
    return f'<div class="media n{min(len(each.files), 2)}">{shown}</div>' if shown else ""


def _figure(each: Progress, output: Output, file: File, folder: Path) -> str:
    alt = f"{output.kind} {file.output + 1} of {each.row.name}: {each.row.words or ''}"
    src = quote(relative(file.path, folder))
    return f"<figure>{_PLAYERS[_player(output)].format(src=escape(src), alt=escape(alt[:300]))}</figure>"


def _player(output: Output) -> str:
    return output.kind if output.kind in _PLAYERS else "file"


def _texts(each: Progress) -> str:
    if each.job is None:
        return ""
    blocks: list[str] = []
    found = [output for output in each.job.outputs if output.kind == "text"]
    for number, output in enumerate(found, 1):
        head = output.platform or (f"Variant {number}" if len(found) > 1 else "")
        title = f"<h3>{escape(head)}</h3>" if head else ""
        body = "".join(f'<p class="words">{_strong(part)}</p>' for part in words_of(output))
        blocks.append(f'<section class="text">{title}{body}</section>')
    if len(blocks) <= TEXTS:
        return "".join(blocks)
    more = "".join(blocks[2:])
    return "".join(blocks[:2]) + f"<details><summary>{len(blocks) - 2} more texts</summary>{more}</details>"


def _strong(part: str) -> str:
    whole = part.startswith("**") and part.endswith("**") and len(part) > 4
    return f"<strong>{escape(part[2:-2])}</strong>" if whole else escape(part)


def _facts(each: Progress) -> str:
    job = each.job
    if job is None:
        return ""
    lines = [("Credits", words.bill(job))]
    if job.cost is not None:
        lines.append(("Cost", words.spent(job.cost)))
    if each.seconds is not None:
        lines.append(("Time", words.seconds(each.seconds)))
    lines += [("Adjusted", words.adjusted(change)) for change in job.adjustments]
    lines += [("Note", note.text) for attempt in job.attempts for note in attempt.notes]
    if len(job.attempts) > 1:
        lines += [("Attempt", words.tried(attempt)) for attempt in job.attempts]
    lines.append(("Job", job.id))
    shown = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in lines)
    return f"<dl>{shown}</dl>"
