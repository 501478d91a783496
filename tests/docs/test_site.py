"""The docs as a site: complete, with working links, and without a network."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from .pages import ROOT

pytest.importorskip("zensical", reason="building the site needs zensical: pip install '.[dev]'")

CHROMIUM = "/usr/bin/chromium"


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a folder as `make docs` does."""
    return subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--clean", "--strict"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def copy_docs(folder: Path) -> Path:
    shutil.copy(ROOT / "mkdocs.yml", folder)
    shutil.copytree(ROOT / "docs", folder / "docs")
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_docs(tmp_path_factory.mktemp("docs"))
    done = build(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


def test_every_page_is_built(site: Path) -> None:
    for page in (ROOT / "docs").glob("*.md"):
        assert (site / f"{page.stem}.html").is_file()


def test_every_page_but_those_of_others_is_in_the_navigation() -> None:
    text = (ROOT / "mkdocs.yml").read_text()
    chapters = yaml.safe_load(text)["nav"]
    listed = [page for chapter in chapters for pages in chapter.values() for page in _leaves(pages)]
    assert sorted(listed) == sorted(page.name for page in (ROOT / "docs").glob("*.md"))


def _leaves(pages: str | list[dict[str, str]]) -> list[str]:
    if isinstance(pages, str):
        return [pages]
    return [page for one in pages for page in one.values()]


@pytest.mark.parametrize("link", ["missing.md", "index.md#missing"])
def test_a_broken_link_fails(link: str, tmp_path: Path) -> None:
    (tmp_path / "mkdocs.yml").write_text("site_name: broken\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# Title\n\n[there]({link})\n")
    assert build(tmp_path).returncode != 0


def test_nothing_in_a_page_is_loaded_from_elsewhere(site: Path) -> None:
    loads = re.compile(
        r"<(?:script|img|iframe|source)[^>]*\ssrc=\"(?:https?:)?//|<link[^>]*\shref=\"(?:https?:)?//"
    )
    for page in site.glob("*.html"):
        assert not loads.search(page.read_text(encoding="utf-8")), page.name
    for style in site.rglob("*.css"):
        assert not re.search(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", style.read_text())


def test_no_page_tells_where_it_was_built(site: Path) -> None:
    for page in site.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert str(ROOT) not in text
        assert str(site.parent) not in text


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"needs a browser, {CHROMIUM}")
def test_a_page_asks_for_nothing_outside_the_site(site: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    arguments = [
        *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
        *("--disable-component-update", "--disable-sync", "--no-first-run"),
    ]
    asked: list[str] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto((site / "tutorial.html").as_uri())
        assert page.title().startswith("From the first run")
        assert page.locator("nav a", has_text="Describe a chip").count() > 0
        browser.close()
    assert [url for url in asked if not url.startswith((site.as_uri(), "data:", "blob:"))] == []


def test_the_links_of_the_readme_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if not target.startswith("http"):
            file, _, anchor = target.partition("#")
            there = (ROOT / file).read_text(encoding="utf-8")
            assert not anchor or re.search(rf"^#+ {anchor}$", there, re.M | re.I), target
