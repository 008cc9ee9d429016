"""What pages tell people to type runs as typed; the pages make a site, and a link that leads nowhere fails."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

BIN = Path(sys.executable).parent


def block(page: str, heading: str) -> str:
    """The first fenced block below a heading."""
    text = (ROOT / page).read_text().split(f"{heading}\n", 1)[1]
    found = re.search(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no block below {heading}"
    return found.group(1)


def typed(commands: str, folder: Path, **variables: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, **variables, "PATH": f"{BIN}:{os.environ['PATH']}"}
    command = ["bash", "-euc", commands]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)


@pytest.fixture
def folder(tmp_path) -> Path:
    """As the README has it, and with a space in its name."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "examples").symlink_to(ROOT / "examples")
    return folder


def test_the_readmes_commands_prove_and_verify_the_example(folder):
    result = typed(block("README.md", "## Prove any Cairo program"), folder)
    assert result.returncode == 0, result.stderr
    assert re.search(r"accepted: program 0x\w{64}, 2 output words\n  0xa\n  0x37\n", result.stdout)
    assert "proven" in result.stdout


def test_the_other_example_is_provable_too(folder):
    commands = """
    freehold compile examples/hash_chain.cairo -o chain.json
    echo '{"numbers": [1, 2, 3]}' > numbers.json
    freehold prove chain.json --input numbers.json -o proof --parameters fast
    freehold verify proof --program chain.json
    """
    result = typed(commands, folder)
    assert result.returncode == 0 and "1 output words" in result.stdout, result.stderr


def test_a_run_is_recorded_with_cairo_lang_and_proven_as_the_page_says(folder):
    result = typed(block("docs/recording.md", "## With cairo-lang"), folder, EXAMPLES=str(ROOT / "examples"))
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("2 output words\n  0xa\n  0x37\n")


def test_the_line_of_the_readme_completes_commands(folder):
    (line,) = re.findall(r'eval "\$\(_FREEHOLD_COMPLETE=bash_source freehold\)"', (ROOT / "README.md").read_text())
    asked = "COMP_WORDS=(freehold ver) COMP_CWORD=1; _freehold_completion freehold; echo ${COMPREPLY[@]}"
    result = typed(f"{line}; complete -p freehold; set +u; {asked}", folder)
    assert "_freehold_completion" in result.stdout and result.stdout.endswith("verify\n"), result.stderr


@pytest.fixture
def pages(tmp_path) -> Path:
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    return tmp_path


def build(pages: Path) -> subprocess.CompletedProcess:
    return typed("NO_MKDOCS_2_WARNING=1 mkdocs build --strict", pages)


def test_the_pages_make_a_site(pages):
    result = build(pages)
    assert result.returncode == 0, result.stderr
    made = {path.relative_to(pages / "build/site").with_suffix("") for path in (pages / "build/site").rglob("*.html")}
    written = {path.relative_to(pages / "docs").with_suffix("") for path in (pages / "docs").rglob("*.md")}
    index = {page.parent / "index" if page.name == "README" else page for page in written}
    assert index <= made
    assert "recording.html" in (pages / "build/site/index.html").read_text()


@pytest.mark.parametrize(("name", "part"), [("nowhere", ""), ("status", "#no-such-part")])
def test_a_link_that_leads_nowhere_fails(pages, name, part):
    page = pages / "docs/glossary.md"
    page.write_text(page.read_text() + f"[away]({name}.{'md'}{part})\n")
    result = build(pages)
    assert result.returncode == 1 and (part or name) in result.stderr


def test_a_page_that_the_navigation_lacks_fails(pages):
    (pages / "docs/lost").with_suffix(".md").write_text("# Lost\n")
    assert build(pages).returncode == 1
