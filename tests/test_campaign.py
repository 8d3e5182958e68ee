"""Campaign files: read, checked as a whole, and told apart from one another."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from genhub import (
    Adjustment,
    AllAttemptsFailed,
    Attempt,
    Credits,
    Entry,
    EntryKind,
    Evidence,
    InsufficientCredits,
    Itinerary,
    Job,
    JobError,
    Output,
    Price,
    Request,
    Stage,
    Status,
    TextRequest,
    UnsupportedRequest,
)
from genhub._campaign import Problems, Progress, Results, Row, read, words
from genhub._campaign.page import page
from genhub._download import File
from genhub._jobs import Note
from genhub._requests import REQUESTS

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
TOML = """\
[defaults]
to = "powerpost"
tags = { product = "wick" }
platforms = ["x"]                     # for those kinds that have it

[defaults.text]
extra.powerpost = { research_mode = "deep", cta_text = "Go" }

[[request]]
kind = "text"
label = "One"
prompt = "Dark mode is here"
platforms = ["x", "instagram:reel"]
tags = { team = "growth" }
extra.powerpost.research_mode = "regular"

[[request]]
kind = "video"
to = "genpro"
prompt = "A lantern"
duration = 6
audio = false
stop_after = "2s"
resume_after = 1
expect = "stopped"
after = "One"
"""


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def wrong(path: Path, accounts: tuple[str, ...] | None = None, routes: tuple[str, ...] = ()) -> list[str]:
    """Return what is wrong with a file, without its folder."""
    with pytest.raises(Problems) as caught:
        read(path, accounts, routes)
    return [str(each).replace(f"{path.parent}/", "") for each in caught.value.problems]


def test_toml_with_defaults(tmp_path: Path) -> None:
    """Defaults reach the rows that have such a field; tables are laid over one another, the row on top."""
    one, two = read(write(tmp_path, "a.toml", TOML)).rows

    expected: Request = TextRequest(
        label="One",
        prompt="Dark mode is here",
        platforms=("x", "instagram:reel"),
        tags={"product": "wick", "team": "growth"},
        extra={"powerpost": {"research_mode": "regular", "cta_text": "Go"}},
    )
    assert expected == one.request
    assert ("powerpost", 9, f"{tmp_path}/a.toml:9") == (one.to, one.where and 9, one.where)
    assert (2.0, 1.0, Status.STOPPED, "One") == (two.stop_after, two.resume_after, two.expect, two.after)
    assert ({"product": "wick"}, "#2 video", "A lantern") == (two.request.tags, two.name, two.words)


def test_three_forms_say_the_same(tmp_path: Path) -> None:
    """TOML, JSON Lines and CSV make equal rows; so does a spreadsheet's CSV with semicolons."""
    toml = """\
[[request]]
kind = "text"
to = "powerpost"
prompt = "Dark, mode"
platforms = ["x", "instagram:reel"]
count = 1
tags = { team = "growth" }
extra = { powerpost = { research_mode = "deep", media = 3 } }

[[request]]
kind = "video"
prompt = "b"
audio = true
duration = 2.5
"""
    lines = (
        '{"kind": "text", "to": "powerpost", "prompt": "Dark, mode", "platforms": ["x", "instagram:reel"], "count": 1,'
        ' "tags": {"team": "growth"}, "extra": {"powerpost": {"research_mode": "deep", "media": 3}}}\n\n'
        '{"kind": "video", "prompt": "b", "audio": true, "duration": 2.5}\n'
    )
    csv = (
        "kind,to,prompt,platforms,count,tags.team,extra.powerpost.research_mode,extra.powerpost.media,audio,duration\n"
        'text,powerpost,"Dark, mode",x;instagram:reel,1,growth,deep,3,,\n'
        ",,,,,,,,,\n"
        "video,,b,,,,,,yes,2.5\n"
    )
    semicolons = (
        "\ufeffkind;to;prompt;platforms;count;tags;extra;audio;duration\r\n"
        'text;powerpost;Dark, mode;x|instagram:reel;1;team=growth;"{""powerpost"": {""research_mode"": ""deep"", '
        '""media"": 3}}";;\r\n'
        "video;;b;;;;;true;2.5\r\n"
    )
    found = [
        read(write(tmp_path, name, text))
        for name, text in (("a.toml", toml), ("a.jsonl", lines), ("a.csv", csv), ("b.csv", semicolons))
    ]

    requests = [[(row.request, row.to) for row in each.rows] for each in found]
    assert requests[0] == requests[1] == requests[2] == requests[3]
    assert [1, 10] == [int(row.where.rpartition(":")[2]) for row in found[0].rows]
    assert [1, 3] == [int(row.where.rpartition(":")[2]) for row in found[1].rows]
    assert [2, 4] == [int(row.where.rpartition(":")[2]) for row in found[2].rows]
    assert ["a:", "a:"] == [key[:2] for key in found[2].keys().values()]
    assert found[0].keys() == found[1].keys() == found[2].keys()


def test_a_cell_may_have_many_lines(tmp_path: Path) -> None:
    """The line of a row is the one where it begins."""
    path = write(tmp_path, "a.csv", 'kind,prompt\ntext,"one\ntwo"\ntxt,three\n')

    assert ["a.csv:4: kind: unknown kind 'txt'. Did you mean 'text'?"] == wrong(path)


def test_everything_wrong_is_named_at_once(tmp_path: Path) -> None:
    """Kind, field, type, empty prompt, account, duplicate keys, rows to wait for: with line and remedy, in order."""
    path = write(
        tmp_path,
        "a.toml",
        """\
[[request]]
kind = "txt"
to = "powerpst"

[[request]]
kind = "text"
prompt = " "
to = "powerpost"
count = "two"
platforms = [1]
key = "k"

[[request]]
kind = "image"
prompt = "x"
tone = "bold"
key = "k"
resume_after = 3
expect = "great"
portability = "loose"
after = "Nobody"

[[request]]
kind = "speech"
script = "x"
label = "Self"
after = "Self"
stop_after = "3 parsecs"
speed = -1
sim = { fault = "earthquake" }
tags = { a = 1 }
extra = { genpro = 3 }

[requests]
""",
    )

    assert [
        "a.toml:2: kind: unknown kind 'txt'. Did you mean 'text'?",
        "a.toml:3: to: there is no account 'powerpst'. Did you mean 'powerpost'?",
        "a.toml:7: prompt: is empty: write what to make, or leave it out",
        "a.toml:9: count: must be a number, not str",
        "a.toml:10: platforms: must hold texts that are not empty, not 1",
        "a.toml:13: to: which account is not said. Add to = ..., one of powerpost, genpro",
        "a.toml:16: tone: image requests have no such field. It is one of text",
        "a.toml:17: key: the key 'k' is that of a.toml:11 too. Give each request a key of its own, or none",
        "a.toml:18: resume_after: nothing is stopped. Say stop_after too: a job is resumed after it was stopped",
        "a.toml:19: expect: must be one of canceled, expired, failed, stopped, succeeded, not 'great'",
        "a.toml:20: portability: must be 'strict' or 'adjust', not 'loose'",
        "a.toml:21: after: no request has the label 'Nobody'. Known are: Self",
        "a.toml:23: to: which account is not said. Add to = ..., one of powerpost, genpro",
        "a.toml:27: after: it would wait for itself",
        "a.toml:28: stop_after: a time reads like 2, '2s' or '5m', not '3 parsecs'",
        "a.toml:29: speed: must be above 0, not -1",
        "a.toml:30: sim: 'earthquake' is not a valid Fault",
        "a.toml:31: tags: must hold texts",
        "a.toml:32: extra: must hold one table for each provider: 'genpro' is 3",
        "a.toml:34: requests: unknown table. There are [[request]] and [defaults]",
    ] == [each.replace(f"{tmp_path}/", "") for each in wrong(path, ("powerpost", "genpro"))]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", "", "a.toml: holds no request"),
        ("a.csv", "", "a.csv: holds no request"),
        ("a.csv", "kind,prompt\n", "a.csv: holds no request"),
        ("a.jsonl", "\n\n", "a.jsonl: holds no request"),
        ("a.yaml", "", "a.yaml: a campaign is one of .toml, .jsonl, .ndjson, .csv"),
        ("a.toml", "[[request]\n", "a.toml: is not TOML"),
        ("a.toml", '[[request]]\nkind = "text"\nprompt = "\n', "a.toml: is not TOML"),
        ("a.toml", '[request]\nkind = "text"\n', "a.toml:1: request is one table; requests are several"),
        ("a.toml", "request = [1]\n", "a.toml:1: a request is a table, not 1"),
        ("a.toml", 'defaults = 1\n[[request]]\nkind = "text"\n', "a.toml:1: defaults is a table"),
        ("a.toml", '[defaults]\ntne = 1\n[[request]]\nkind = "text"', "a.toml:2: defaults.tne: unknown field"),
        ("a.toml", '[defaults.text]\nstyle = 1\n[[request]]\nkind = "text"', "a.toml:2: defaults.text.style"),
        ("a.toml", '[[request]]\nprompt = "x"\n', "a.toml:1: kind: kind is missing. One of text, image"),
        ("a.toml", "[[request]]\nkind = 3\n", "a.toml:2: kind: unknown kind 3"),
        ("a.jsonl", "{bad\n", "a.jsonl:1: is not JSON"),
        ("a.jsonl", '{"kind": "text"}\n[1]\n', "a.jsonl:2: is not an object"),
        ("a.csv", "kind,colour\ntext,red\n", "a.csv:1: colour: unknown column"),
        ("a.csv", "kind,extra.x\ntext,red\n", "a.csv:1: extra.x: unknown column. It reads extra.PROVIDER.FIELD"),
        ("a.csv", "kind,\ntext,red\n", "a.csv:1: unknown column. Give every column a name"),
        ("a.csv", "kind\ntext,red\n", "a.csv:2: has 2 cells, and there are 1 columns"),
        ("a.csv", "kind,count\ntext,two\n", "a.csv:2: count: must be a number, not 'two'"),
        ("a.csv", "kind,audio\nvideo,maybe\n", "a.csv:2: audio: must be true or false, not 'maybe'"),
        ("a.csv", "kind,tags\ntext,team\n", "a.csv:2: tags: tags read like 'team=growth;wave=2', not 'team'"),
        ("a.csv", "kind,extra\ntext,{\n", "a.csv:2: extra: must be a JSON object"),
        ("a.csv", 'kind,prompt\ntext,"x', "is not CSV"),
        ("a.csv", b"kind\ntext\xff\n", "a.csv:2: is not UTF-8. Save it with the encoding UTF-8"),
    ],
)
def test_files_that_can_not_be_used(tmp_path: Path, name: str, text: str | bytes, said: str) -> None:
    """Each in a line, with the remedy."""
    assert any(said in each for each in wrong(write(tmp_path, name, text))), wrong(tmp_path / name)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    """Or are folders."""
    assert "a.toml: there is no such file" in wrong(tmp_path / "a.toml")[0]
    (tmp_path / "b.toml").mkdir()
    assert "b.toml: can't be read" in wrong(tmp_path / "b.toml")[0]


def test_rows_that_wait_in_a_circle(tmp_path: Path) -> None:
    """They would wait for ever."""
    path = write(
        tmp_path,
        "a.jsonl",
        '{"kind": "text", "prompt": "x", "label": "a", "after": "b"}\n'
        '{"kind": "text", "prompt": "y", "label": "b", "after": "a"}\n',
    )

    assert ["a.jsonl:1: after: it would wait for itself", "a.jsonl:2: after: it would wait for itself"] == wrong(path)


def test_one_account_needs_no_name(tmp_path: Path) -> None:
    """Where there is only one, it is that one."""
    campaign = read(write(tmp_path, "a.jsonl", '{"kind": "text", "prompt": "x"}'), ["only"])

    assert "only" == campaign.rows[0].to


def test_the_default_route_needs_no_name(tmp_path: Path) -> None:
    """Where there is one, it is meant; whoever names another one means that."""
    path = write(
        tmp_path, "a.jsonl", '{"kind": "text", "prompt": "x"}\n{"kind": "text", "prompt": "y", "to": "captions"}\n'
    )

    assert ["default", "captions"] == [row.to for row in read(path, ["a", "b"], ["captions", "default"]).rows]
    assert ["default", "captions"] == [row.to for row in read(path, ["a"], ["captions", "default"]).rows]


def test_a_row_may_name_a_route_or_several_accounts(tmp_path: Path) -> None:
    """In every form; a list of one is that one."""
    toml = """\
[[request]]
kind = "text"
to = ["a", "b"]
prompt = "x"

[[request]]
kind = "text"
to = "captions"
prompt = "x"

[[request]]
kind = "text"
to = ["a"]
prompt = "x"
"""
    lines = (
        '{"kind": "text", "to": ["a", "b"], "prompt": "x"}\n{"kind": "text", "to": "captions", "prompt": "x"}\n'
        '{"kind": "text", "to": ["a"], "prompt": "x"}\n'
    )
    csv = "kind,to,prompt\ntext,a;b,x\ntext,captions,x\ntext,a,x\n"
    semicolons = "kind;to;prompt\ntext;a|b;x\ntext;captions;x\ntext;a;x\n"
    found = [
        read(write(tmp_path, name, text), ["a", "b"], ["captions"])
        for name, text in (("a.toml", toml), ("a.jsonl", lines), ("a.csv", csv), ("a.csv", semicolons))
    ]

    assert [[("a", "b"), "captions", "a"]] * 4 == [[row.to for row in each.rows] for each in found]
    assert [("a", "b"), ("captions",), ("a",)] == [row.names for row in found[0].rows]
    assert found[0].keys() == found[1].keys() == found[2].keys() == found[3].keys()
    assert 3 == len(set(found[0].keys().values()))


def test_names_that_are_wrong_are_said_for_each_row(tmp_path: Path) -> None:
    """An account of a list, a route in a list, a list that is none."""
    path = write(
        tmp_path,
        "a.toml",
        """\
[[request]]
kind = "text"
to = "captoins"

[[request]]
kind = "text"
to = ["a", "nope"]

[[request]]
kind = "text"
to = ["a", "captions"]

[[request]]
kind = "text"
to = ["a", "a"]

[[request]]
kind = "text"
to = []

[[request]]
kind = "text"
to = 3

[[request]]
kind = "text"
prompt = "x"
""",
    )

    assert [
        "a.toml:3: to: there is no account 'captoins', and no route 'captoins'. Did you mean 'captions'?",
        "a.toml:7: to: there is no account 'nope'. Known are: a, b",
        "a.toml:11: to: 'captions' is a route, and a list is of accounts. Write to = 'captions' alone",
        "a.toml:15: to: names 'a' twice",
        "a.toml:19: to: must be a name or a list of accounts, not []",
        "a.toml:23: to: must be a name or a list of accounts, not 3",
        "a.toml:25: to: which account is not said. Add to = ..., one of a, b, captions",
    ] == wrong(path, ("a", "b"), ("captions",))


def test_the_key_of_a_row_with_one_account_stays_what_it_was(tmp_path: Path) -> None:
    """Of what an earlier version bought nothing is bought again: these keys stand in journals."""
    lines = (
        '{"kind": "text", "to": "powerpost", "prompt": "Dark mode is here", "platforms": ["x"]}\n'
        '{"kind": "image", "to": ["adgen"], "prompt": "A lantern", "label": "L"}\n'
        '{"kind": "speech", "script": "Good evening"}\n'
    )

    campaign = read(write(tmp_path, "old.jsonl", lines))

    assert ["old:3b19f9100e6dc3d1", "old:f40addf29b73bb6f", "old:13167a0dae16ff84"] == list(campaign.keys().values())


def test_keys_are_those_of_the_intention(tmp_path: Path) -> None:
    """Another place, label or tag is the same intention; another account or word is not; equal rows are counted."""
    lines = [
        '{"kind": "text", "to": "a", "prompt": "x", "label": "One", "tags": {"t": "1"}}',
        '{"kind": "text", "to": "b", "prompt": "x"}',
        '{"kind": "text", "to": "a", "prompt": "y"}',
        '{"kind": "text", "to": "a", "prompt": "x"}',
        '{"kind": "text", "to": "a", "prompt": "x", "key": "mine"}',
    ]
    first = read(write(tmp_path, "a.jsonl", "\n".join(lines)))
    moved = read(write(tmp_path, "a.jsonl", "\n".join(reversed(lines))))

    keys = list(first.keys().values())
    assert 5 == len(set(keys))
    assert keys[3] == f"{keys[0]}#2"
    assert "a:mine" == keys[4]
    assert set(keys) == set(moved.keys().values())


def test_every_field_of_every_kind_has_a_column(tmp_path: Path) -> None:
    """A CSV can say all that a request can."""
    from attrs import fields

    for kind, request in REQUESTS.items():
        names = [each.name for each in fields(request) if each.name not in ("extra", "tags")]
        path = write(tmp_path, "a.csv", f"kind,{','.join(names)}\n{kind}{',' * len(names)}\n")

        assert kind == read(path).rows[0].request.kind


# What a campaign leaves behind.


def attempt(**facts: Any) -> Attempt:
    whole: dict[str, Any] = {
        "id": "j1.1",
        "job_id": "j1",
        "number": 1,
        "account": "a&b",
        "provider": "p",
        "kind": "k",
        "unit": "p credits",
        "created_at": NOW,
        "submitted_at": NOW,
        "finished_at": NOW,
        "status": Status.SUCCEEDED,
        **facts,
    }
    return Attempt(**whole)


EVIL = "<script>alert('x')</script>\"'&"


def evil(folder: Path) -> Progress:
    """Return a row whose every word tries to be HTML."""
    request = TextRequest(prompt=EVIL, label=EVIL)
    outputs = (
        Output(kind="text", text=EVIL, title=EVIL, platform=EVIL, hashtags=(EVIL,)),
        Output(kind="text", fields={EVIL: EVIL}),
        Output(kind="image", url=f"https://example.com/{EVIL}"),
        Output(kind="video", url="https://example.com/v"),
        Output(kind="audio", url="https://example.com/a"),
        Output(kind="file", url="https://example.com/f"),
    )
    job = Job(
        id="j1",
        request=request,
        created_at=NOW,
        attempts=(
            attempt(
                status=Status.FAILED,
                outputs=outputs,
                error=JobError(kind="vendor", message=EVIL, code=EVIL),
                adjustments=(Adjustment(field=EVIL, asked=EVIL, sent=EVIL, why=EVIL),),
                notes=(Note(at=NOW, text=EVIL),),
            ),
        ),
    )
    files = tuple(
        File(output=number, path=folder / "media" / f"{EVIL.replace('/', '')}-{number}", size=1, sha256="0")
        for number in range(2, 6)
    )
    row = Row(where="a.toml:1", number=1, request=request, to=f"a{EVIL}")
    return Progress(row=row, key="k", job=job, word="failed", over=True, files=files, lost=EVIL)


class Seen(HTMLParser):
    """What a browser would make of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_page_escapes_every_word(tmp_path: Path) -> None:
    """Prompts, labels, accounts, outputs, errors and notes are foreign: none of them becomes a tag or an attribute."""
    html = page(EVIL, [evil(tmp_path)], tmp_path, NOW)
    seen = Seen()
    seen.feed(html)

    assert 1 == [tag for tag, _ in seen.tags].count("script")
    assert EVIL not in html
    named = "src alt href class loading controls preload aria-label aria-live name value id lang charset content"
    allowed = {*named.split(), "data-account", "data-kind", "data-status"}
    assert allowed >= {name for _, attributes in seen.tags for name in attributes}


def test_the_page_needs_no_network_and_helps_everybody(tmp_path: Path) -> None:
    """Only files beside it; pictures and players have words; the form's fields have labels."""
    seen = Seen()
    seen.feed(page("Launch", [evil(tmp_path)], tmp_path, NOW))

    links = [each.get("src") or each.get("href") or "" for _, each in seen.tags if "src" in each or "href" in each]
    assert links and all(not link.startswith(("http", "//", "/", "data:")) for link in links)
    assert all(each.get("alt") for tag, each in seen.tags if tag == "img")
    assert all(each.get("aria-label") for tag, each in seen.tags if tag in ("video", "audio"))
    assert ["h1", "h2"] == [tag for tag, _ in seen.tags if tag in ("h1", "h2")][:2]
    assert 3 == [tag for tag, _ in seen.tags].count("label") == [tag for tag, _ in seen.tags].count("select")


def test_a_broken_page_is_said_and_the_lines_are_there(tmp_path: Path) -> None:
    """And lines that can't be written are said too."""
    results = Results(tmp_path / "out")
    results.begin()

    def broken() -> str:
        raise KeyError("x")

    assert "the page could not be made (KeyError" in str(results.finish([evil(tmp_path)], broken))
    assert 1 == len(results.lines.read_text().splitlines())
    results.lines.unlink()
    results.lines.mkdir()
    assert "could not be written" in str(results.finish([], lambda: ""))
    results.append(evil(tmp_path))  # logged, no crash


@pytest.mark.parametrize(
    ("credits", "said"),
    [
        (
            Credits(unit="c", charged=Decimal("10.0"), net=Decimal("10.0"), low=Decimal(10), high=Decimal(10)),
            "10 c, exact",
        ),
        (Credits(unit="c", charged=Decimal(100), net=Decimal("1E+2"), low=Decimal(100)), "100 c, exact"),
        (Credits(unit="c", net=None, low=Decimal(0), high=Decimal(36), exact=False), "0 to 36 c, a range"),
        (Credits(unit="c", net=None, low=Decimal(5), high=None, exact=False), "5 or more c, at least"),
        (Credits(unit="c", net=None, high=None, exact=False), "? c, unknown"),
        (Credits(unit="c", net=Decimal(3), exact=False), "3 c, not certain"),
        (Credits(unit=None, net=None, high=None, exact=True), "? credits of several vendors, exact"),
    ],
)
def test_credits_in_words(credits: Credits, said: str) -> None:
    """How much, of what, and how sure: what nobody said is never a zero."""
    assert said == words.spent(credits)


@pytest.mark.parametrize(
    ("value", "said"), [(0.04, "0.0 s"), (9.9, "9.9 s"), (9.96, "10 s"), (61, "1 min 1 s"), (7500, "2 h 5 min")]
)
def test_seconds_in_words(value: float, said: str) -> None:
    """As people say them."""
    assert said == words.seconds(value)


# Rows that several accounts had a hand in.


def charged(amount: int, **facts: Any) -> Entry:
    return Entry(kind=EntryKind.CHARGE, sequence=1, amount=Decimal(amount), evidence=Evidence.REPORTED, at=NOW, **facts)


def routed(*attempts: Attempt, ended: str | None = None, since: int = 0) -> Job:
    """Return a job on the route `captions`, over the accounts a, b and c."""
    stages = tuple(Stage(account=name, why=f"{name}'s place") for name in "abc")
    route = Itinerary(route="captions", stages=stages, max_attempts=6, ended=ended, since=since)
    return Job(
        id="j1", request=TextRequest(prompt="x"), created_at=NOW, attempts=attempts, to=("captions",), route=route
    )


def row(**facts: Any) -> Row:
    return Row(where="a.toml:1", number=1, request=TextRequest(prompt="x"), **facts)


REFUSED = attempt(
    account="a", unit="a credits", status=Status.FAILED,
    error=JobError(kind="refused", message="no credits", code="BROKE", http_status=402, error="InsufficientCredits"),
)  # fmt: skip
KEPT = attempt(
    account="a", unit="a credits", status=Status.CANCELED, doubt="not documented", entries=(charged(3),),
    price=Price(amount=Decimal("0.10"), currency="EUR"),
)  # fmt: skip
MADE = attempt(
    id="j1.2", number=2, account="b", unit="b credits", entries=(charged(5),), reason="a: refused; b's place"
)


@pytest.mark.parametrize(
    ("attempts", "bill", "cell", "money"),
    [
        ((REFUSED, MADE), "5 b credits, exact", ("5", "exact"), ""),
        (
            (KEPT, MADE),
            "0 to 3 a credits, a range + 5 b credits, exact",
            ("0 to 3 a + 5 b", "a range, exact"),
            "0 to 0.3 EUR at least",
        ),
        ((KEPT,), "0 to 3 a credits, a range", ("0 to 3", "a range"), "0 to 0.3 EUR, a range"),
        ((REFUSED,), "0 a credits, exact", ("0", "exact"), ""),
    ],
)
def test_what_a_job_cost_is_said_by_vendor(
    attempts: tuple[Attempt, ...], bill: str, cell: tuple[str, str], money: str
) -> None:
    """All attempts count, each in its own credits; what certainly cost nothing is not spoken of beside the others."""
    job = routed(*attempts)

    assert (bill, cell, money) == (words.bill(job), words.cell(job), words.money(job))


def test_an_attempt_is_told_of_when_it_was_not_to_be_expected() -> None:
    """The first one at the first account is not; one elsewhere is, and each one after it."""
    first, elsewhere = attempt(account="a", reason="a's place"), attempt(account="b", reason="a passed over")
    later = attempt(account="a", number=3, reason="asked again")

    assert words.detour(routed(first), first) is None
    assert "a passed over" == words.detour(routed(elsewhere), elsewhere)
    assert "a: refused; b's place" == words.detour(routed(first, MADE), MADE)
    assert [None, None] == [words.detour(routed(REFUSED, MADE, later, since=2), each) for each in (MADE, later)]
    alone = Job(id="j1", request=TextRequest(prompt="x"), created_at=NOW, attempts=(REFUSED, MADE))
    assert words.detour(alone, MADE) is None


def test_a_row_is_where_its_job_is() -> None:
    """Before it has one, where it is sent to."""
    waiting = [Progress(row=row(to=to), key="k").account for to in ("captions", ("a", "b"), None)]
    job = routed(REFUSED, MADE)
    done = Progress(row=row(to="captions"), key="k", job=job)

    assert ["captions", "a, b", "?"] == waiting
    assert ("b", "captions") == (done.facts()["account"], done.facts()["to"])


def test_a_row_that_nobody_did_has_a_line_for_each_account() -> None:
    """Whether the error is at hand or only the journal."""
    lost = attempt(
        id="j1.2", number=2, account="b", status=Status.FAILED, error=JobError(kind="vendor", message="gave up")
    )
    job = routed(REFUSED, lost, ended="no account is left")
    error = AllAttemptsFailed("nobody did it", [InsufficientCredits("broke", account="a"), UnsupportedRequest("can't")])

    def said(**facts: Any) -> list[str]:
        return Progress(row=row(to="captions"), key="k", **facts).failures

    assert ["nobody did it", "  a: broke", "  can't"] == said(error=error, job=job)
    assert ["a: refused (BROKE): no credits", "b: failed: gave up"] == said(job=job)
    assert [] == said(job=routed(REFUSED, MADE)) == said()
    html = page("x", [Progress(row=row(to="captions"), key="k", error=error, job=job, over=True)], Path("out"), NOW)
    assert 3 == html.count('<p class="error bad">')
    assert ["a: broke", "can&#x27;t"] == [each for each in ("a: broke", "can&#x27;t") if f">{each}</p>" in html]


def test_the_page_adds_up_each_attempt_at_its_account(tmp_path: Path) -> None:
    """Who had a hand in it has a card; the row's own card says who was asked, why, and for how much."""
    done = Progress(row=row(to="captions"), key="k", job=routed(KEPT, MADE), word="succeeded", over=True)

    html = page("x", [done], tmp_path, NOW)

    assert "<h2>a</h2><p><strong>0 to 3</strong> a credits <small>a range</small></p>" in html
    assert "<h2>b</h2><p><strong>5</strong> b credits <small>exact</small></p><p>1 request</p>" in html
    assert "<dd>0 to 3 a credits, a range + 5 b credits, exact</dd>" in html
    assert "<dd>2 at b: succeeded, 5 b credits, exact (a: refused; b&#x27;s place)</dd>" in html
    assert 'data-account="b"' in html
