"""`genhub.toml` and the environment: every mistake is named with its place and its remedy."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genhub import Account, ConfigError, Hub, Price, Secret, providers
from genhub._config import find, from_env, load
from genhub._lines import line_of
from genhub._settings import duration
from genhub_adgen import AdGen
from genhub_genpro import GenPro
from genhub_powerpost import PowerPost

ENV = {"POWERPOST_API_KEY": "pp-key", "GENPRO_API_KEY": "gp-key", "ADGEN_TOKEN": "ad-token"}
GOOD = """
[accounts.powerpost]
provider = "powerpost"
api_key = "$POWERPOST_API_KEY"        # a secret is named, not written down
workspace_id = "ws-1"
price = "0.05 USD"
poll_every = "4s"
estimate = { captions = 12 }

[accounts.genpro]
provider = "genpro"
api_key = "${GENPRO_API_KEY}"
agent_id = 42
sheet_id = 101
cell_id = 3000

[accounts.adgen]
provider = "adgen"
base_url = "https://ads.example.test"
token = "$ADGEN_TOKEN"
project_id = "p"
product_id = "q"
replay_window = "10s"
doubt_grace = "2m"

[journal]
url = "sqlite:///jobs.db"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "genhub.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_file_of_the_design_is_read(tmp_path: Path) -> None:
    """Settings, durations, prices, secrets by name; the journal lies beside the file."""
    config = load(write(tmp_path, GOOD), ENV)
    one, two, three = (config.accounts[name] for name in ("powerpost", "genpro", "adgen"))

    assert (
        isinstance(one.provider, PowerPost) and isinstance(two.provider, GenPro) and isinstance(three.provider, AdGen)
    )
    assert Secret("pp-key") == one.provider.api_key and Secret("gp-key") == two.provider.api_key
    assert (Price.parse("0.05 USD"), 4.0, {"captions": Decimal(12)}) == (one.price, one.every("video"), one.estimate)
    assert ("42", "3000") == (two.provider.agent_id, two.provider.cell_id)
    assert (10.0, 120.0) == (three.provider.replay_window, three.doubt_grace)
    assert f"sqlite:///{tmp_path}/jobs.db" == config.journal


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        (
            'workspace_id = "ws-1"',
            'workspaceid = "ws-1"',
            5,
            "unknown setting 'workspaceid'. Did you mean 'workspace_id'",
        ),
        ('workspace_id = "ws-1"', "", 2, "workspace_id missing. Add: workspace_id = ..."),
        ('workspace_id = "ws-1"', "workspace_id = 1.5", 5, "expected text, got 1.5"),
        (
            'provider = "powerpost"',
            'provider = "powerpots"',
            3,
            "no provider 'powerpots'. Installed are: adgen, genpro",
        ),
        ('provider = "powerpost"', "", 2, "provider is missing. One of: adgen, genpro, powerpost"),
        ('"$POWERPOST_API_KEY"', '"$NO_SUCH_KEY"', 4, "variable NO_SUCH_KEY is not set. Set it: export NO_SUCH_KEY="),
        ('"0.05 USD"', '"cheap"', 6, "a price reads like '0.05 USD', not 'cheap'"),
        ('"4s"', '"soon"', 7, "a time reads like 2, '2s' or '5m', not 'soon'"),
        ("{ captions = 12 }", '{ captions = "many" }', 8, "expected a number, got 'many'"),
        ('"https://ads.example.test"', '"ads.example.test"', 17, "base_url is not a URL: 'ads.example.test'"),
        ('"https://ads.example.test"', '"https://u:p@ads.example.test"', 17, "holds a user or a password"),
        ("[journal]", "[jurnal]", 26, "unknown table 'jurnal'. Did you mean 'journal'"),
        ('url = "sqlite', 'path = "sqlite', 27, "unknown setting 'path'"),
        ("agent_id = 42", "agent_id = [42]", 13, "expected text, got"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_its_remedy(
    tmp_path: Path, old: str, new: str, line: int, says: str
) -> None:
    """File, line, field, what is wrong, and what to do."""
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load(path, ENV)

    assert says in str(caught.value)
    assert str(caught.value).startswith(f"{path}:{line}:")


def test_what_a_read_is_worth_is_read(tmp_path: Path) -> None:
    """A time; without it, half a second."""
    assert 0.5 == load(write(tmp_path, GOOD), ENV).read_price
    assert 2.0 == load(write(tmp_path, GOOD + '\n[reading]\nprice = "2s"\n'), ENV).read_price


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('price = "-1s"', "reading.price: a time reads like 2, '2s' or '5m', not '-1s'"),
        ("price = 0", "reading.price: a read is worth more than no time"),
        ("prise = 1", "unknown setting 'prise'. Did you mean 'price'?"),
    ],
)
def test_what_a_read_can_not_be_worth_is_refused(tmp_path: Path, table: str, says: str) -> None:
    """With its line, and what to write."""
    path = write(tmp_path, GOOD + f"\n[reading]\n{table}\n")
    with pytest.raises(ConfigError) as caught:
        load(path, ENV)

    assert says in str(caught.value)
    assert str(caught.value).startswith(f"{path}:{len(path.read_text().splitlines())}:")


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_a_hub_refuses_a_price_that_is_none(price: float) -> None:
    """Before anything is opened."""
    with pytest.raises(ConfigError, match="read_price"):
        Hub({}, read_price=price)


def test_a_secret_that_is_wrong_is_not_repeated(tmp_path: Path) -> None:
    """Not even in the message about it."""
    path = write(tmp_path, GOOD.replace('workspace_id = "ws-1"', ""))
    with pytest.raises(ConfigError) as caught:
        load(path, ENV)

    assert "pp-key" not in str(caught.value) + repr(caught.value.facts())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "there is no account"),
        ("[accounts", "is not TOML"),
        ("accounts = 3", "expected a table"),
        ("[accounts]", "no ac"),
    ],
)
def test_a_file_that_says_nothing_useful(tmp_path: Path, text: str, says: str) -> None:
    """Empty, broken, of the wrong shape."""
    with pytest.raises(ConfigError, match=says):
        load(write(tmp_path, text), ENV)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """Not there, a folder, not text."""
    with pytest.raises(ConfigError, match="no such file"):
        load(tmp_path / "nope.toml", ENV)
    with pytest.raises(ConfigError, match="can't be read"):
        load(tmp_path, ENV)
    (tmp_path / "genhub.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="can't be read"):
        load(tmp_path / "genhub.toml", ENV)


def test_where_the_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here, then $GENHUB_CONFIG, then the user's config folder (section 8)."""
    here, named, home = tmp_path / "here", tmp_path / "named.toml", tmp_path / "home"
    (home / "genhub").mkdir(parents=True)
    here.mkdir()
    monkeypatch.chdir(here)
    env = {"XDG_CONFIG_HOME": str(home), "GENHUB_CONFIG": str(named)}
    with pytest.raises(ConfigError, match=r"there is no genhub\.toml"):
        find(env)
    (home / "genhub" / "genhub.toml").touch()
    assert home / "genhub" / "genhub.toml" == find(env)
    named.touch()
    assert named == find(env)
    (here / "genhub.toml").touch()
    assert Path("genhub.toml") == find(env)


def test_accounts_from_the_environment() -> None:
    """A provider whose settings are there is an account of its name."""
    config = from_env(
        {"POWERPOST_API_KEY": "k", "POWERPOST_WORKSPACE_ID": "ws", "GENPRO_API_KEY": "x", "GENHUB_JOURNAL": "memory:"}
    )

    assert "memory:" == config.journal
    assert "powerpost" in config.accounts
    with pytest.raises(ConfigError, match="no provider's settings"):
        from_env({})


def test_a_plain_dollar_is_written_twice(tmp_path: Path) -> None:
    """`$$` is a text that begins with a dollar."""
    config = load(write(tmp_path, GOOD.replace('"ws-1"', '"$$ws"')), ENV)

    assert isinstance(config.accounts["powerpost"].provider, PowerPost)
    assert "$ws" == config.accounts["powerpost"].provider.workspace_id


def test_an_account_in_code_is_checked_too() -> None:
    """A `base_url` that is not one, and a thing that is not a provider."""
    with pytest.raises(ConfigError, match="base_url is not a URL"):
        Account(provider=PowerPost(api_key="k", workspace_id="w", base_url="powerpost"))
    with pytest.raises(ConfigError, match="str is not a provider"):
        Hub({"a": "powerpost"})  # type: ignore[dict-item]


def test_a_journal_that_is_none_is_refused() -> None:
    """With the forms that there are."""
    with pytest.raises(ConfigError, match="'redis://x' is not a journal"):
        Hub({}, journal="redis://x")


@given(st.floats(min_value=0, max_value=1e6), st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_durations_have_units(number: float, unit: str) -> None:
    """`"2s"`, `"5m"`, and a bare number of seconds."""
    text = f"{number:.3f}"
    factor = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}[unit]

    assert float(text) * factor == pytest.approx(duration(f"{text}{unit}"))
    assert number == duration(number)


def test_lines_of_repeated_tables() -> None:
    """The fourth request's prompt is found in the fourth table."""
    text = (
        "[defaults]\nto='a'\n[[request]]\nprompt='1'\n[[request]]\n# prompt = 'no'\nprompt='2'\n[request.extra]\nx=1\n"
    )

    assert 4 == line_of(text, ("request", 0, "prompt"))
    assert 7 == line_of(text, ("request", 1, "prompt"))
    assert 5 == line_of(text, ("request", 1))
    assert 2 == line_of(text, ("defaults", "to"))
    assert line_of(text, ("nothing", "here")) is None


def test_the_built_in_providers_are_installed() -> None:
    """Found by entry point, like any third party's."""
    assert {"adgen", "genpro", "powerpost"} <= set(providers())
