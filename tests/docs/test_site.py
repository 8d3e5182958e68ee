"""The site is built without a warning, and fetches nothing from another host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ._blocks import ROOT

#: What a browser would fetch by itself: not a link that a person follows.
FETCHED = re.compile(
    r"""<(?:script|img|iframe|source|video)\b[^>]*\bsrc=["']?(?:https?:)?//[^>]*>"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|preconnect|preload|icon))[^>]*\bhref=["']?(?:https?:)?//[^>]*>""",
    re.IGNORECASE,
)


def test_the_site_is_built_and_fetches_nothing(tmp_path: Path) -> None:
    """A strict build passes; its pages and styles name no other host's files."""
    for module in ("mkdocs", "material", "mkdocstrings"):
        pytest.importorskip(module, reason="needs the docs extra")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)

    assert 0 == done.returncode, done.stdout + done.stderr
    for page in tmp_path.rglob("*.html"):
        html = page.read_text("utf-8")
        assert [] == FETCHED.findall(html), page.name
        assert "<!-- genhub:" not in html, page.name
    for style in tmp_path.rglob("*.css"):
        assert not re.search(r"url\(\s*[\"']?(?:https?:)?//", style.read_text("utf-8")), style.name
    assert [] == list(tmp_path.rglob("*.py"))
