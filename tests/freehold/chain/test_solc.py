"""The compiler as Ape finds it: what is compiled, what is kept. A stand-in that says what it was asked compiles."""

from __future__ import annotations

import json
import os
import sys
import time

import pytest

from freehold.chain import solc

WORKER = """#!{python}
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    (name,) = request["settings"]["outputSelection"]
    with open("{log}", "a") as log:
        log.write(name + "\\n")
    text = "".join(source["content"] for source in request["sources"].values())
    if "dies" in text:
        sys.exit(1)
    kinds = [kind for word, kind in (("wrong", "error"), ("odd", "warning")) if word in text]
    errors = [{{"severity": kind, "formattedMessage": kind + " in " + name}} for kind in kinds]
    print(json.dumps({{"contracts": {{name: {{"C": request}}}}, "errors": errors}}), flush=True)
"""
SOURCES = {
    "a/Alone.sol": "contract Alone {}",
    "a/Top.sol": '// what import doesn\'t do\nimport {Middle} from "../b/Middle.sol";',
    "b/Middle.sol": "import './Bottom.sol';",
    "b/Bottom.sol": "library Bottom {}",
    "b/Borrower.sol": 'import {Token} from "@lib/Token.sol"; import "../a/Alone.sol";',
    "far/1/Token.sol": "contract Token {}",
}


@pytest.fixture(autouse=True)
def log(tmp_path, monkeypatch):
    """The names that the stand-in was asked for, in a file."""
    log = tmp_path / "log"
    log.touch()
    (tmp_path / "worker").write_text(WORKER.format(python=sys.executable, log=log))
    (tmp_path / "worker").chmod(0o755)
    (tmp_path / "version").write_text("Version: 1\n")
    monkeypatch.setattr(solc, "FOLDER", tmp_path)
    return log


def request(sources: dict[str, str] = SOURCES, names: list[str] | None = None) -> dict:
    selection = {name: {"*": ["abi"], "": ["ast"]} for name in names or sources}
    settings = {"viaIR": True, "remappings": ["@lib=far/1", "@other=far/2"], "outputSelection": selection}
    texts = {name: {"content": text} for name, text in sources.items()}
    return {"language": "Solidity", "sources": texts, "settings": settings}


def compiled(log) -> list[str]:
    """What the stand-in compiled since the last time, sorted."""
    names = log.read_text().split()
    log.write_text("")
    return sorted(names)


def asked_for(name: str, answer: dict) -> dict:
    return answer["contracts"][name]["C"]


def test_each_file_is_compiled_with_what_it_imports_and_nothing_else():
    answer = solc.answer(request())
    files = {name: list(asked_for(name, answer)["sources"]) for name in SOURCES}
    assert files == {
        "a/Alone.sol": ["a/Alone.sol"],
        "a/Top.sol": ["a/Top.sol", "b/Bottom.sol", "b/Middle.sol"],
        "b/Middle.sol": ["b/Bottom.sol", "b/Middle.sol"],
        "b/Bottom.sol": ["b/Bottom.sol"],
        "b/Borrower.sol": ["a/Alone.sol", "b/Borrower.sol", "far/1/Token.sol"],
        "far/1/Token.sol": ["far/1/Token.sol"],
    }


def test_settings_are_the_requests_own_but_for_remappings_without_use():
    """They would be in the metadata, whose hash is in the bytecode: it would depend on what is compiled along."""
    answer = solc.answer(request())
    borrower, alone = asked_for("b/Borrower.sol", answer)["settings"], asked_for("a/Alone.sol", answer)["settings"]
    assert (borrower["remappings"], alone["remappings"]) == (["@lib=far/1"], [])
    assert borrower["viaIR"] and borrower["outputSelection"] == {"b/Borrower.sol": {"*": ["abi", solc.IMMUTABLES]}}


def test_nothing_is_compiled_twice(log):
    first = solc.answer(request())
    assert compiled(log) == sorted(SOURCES)
    assert solc.answer(request()) == first
    assert compiled(log) == []


def test_an_edited_file_is_compiled_with_its_importers(log):
    solc.answer(request())
    compiled(log)
    solc.answer(request(SOURCES | {"b/Bottom.sol": "library Bottom { }"}))
    assert compiled(log) == ["a/Top.sol", "b/Bottom.sol", "b/Middle.sol"]


def test_a_file_asked_for_alone_is_the_same_as_among_all(log):
    solc.answer(request())
    compiled(log)
    solc.answer(request({name: SOURCES[name] for name in ("b/Middle.sol", "b/Bottom.sol")}, ["b/Middle.sol"]))
    assert compiled(log) == []


@pytest.mark.parametrize("change", ["version", "settings"])
def test_another_compiler_or_other_settings_are_compiled_anew(log, tmp_path, change):
    solc.answer(request(names=["a/Alone.sol"]))
    again = request(names=["a/Alone.sol"])
    if change == "version":
        (tmp_path / "version").write_text("Version: 2\n")
    else:
        again["settings"]["viaIR"] = False
    solc.answer(again)
    assert compiled(log) == ["a/Alone.sol"] * 2


def test_every_file_at_once_is_one_piece(log):
    """Whoever wants syntax trees needs one numbering of all files."""
    whole = request() | {"settings": {"outputSelection": {"*": {"": ["ast"]}}}}
    assert asked_for("*", solc.answer(whole)) == whole
    solc.answer(whole)
    assert compiled(log) == ["*"]


def test_an_error_is_not_kept(log):
    wrong = request({"Wrong.sol": "wrong"})
    assert solc.errors_of(solc.answer(wrong)) == solc.errors_of(solc.answer(wrong)) == ["error in Wrong.sol"]
    assert compiled(log) == ["Wrong.sol"] * 2


def test_among_many_an_error_is_the_answer():
    """The longest comes first; others may run beside it."""
    many = {f"{i}.sol": "contract C {}" for i in range(100)}
    answer = solc.answer(request(many | {"Wrong.sol": "wrong" + " " * 100}))
    assert solc.errors_of(answer) == ["error in Wrong.sol"]


def test_a_warning_is_kept(log):
    odd = request({"Odd.sol": "odd"})
    assert solc.answer(odd)["errors"] == solc.answer(odd)["errors"] != []
    assert compiled(log) == ["Odd.sol"]


def test_a_compiler_that_dies_is_an_error():
    with pytest.raises(solc.CompilerFailed, match=r"without an answer for Dying\.sol"):
        solc.answer(request({"Dying.sol": "dies"}))


def test_who_waits_is_told_of_each_file():
    told = []
    solc.answer(request(), told.append)
    assert [(one.done, one.of) for one in told] == [(n, len(SOURCES)) for n in range(1, len(SOURCES) + 1)]
    assert {one.part.name for one in told} == set(SOURCES)


def test_a_broken_answer_is_made_again(log, tmp_path):
    solc.answer(request(names=["a/Alone.sol"]))
    (kept,) = (tmp_path / "kept").iterdir()
    kept.write_text(kept.read_text()[:10])
    solc.answer(request(names=["a/Alone.sol"]))
    assert compiled(log) == ["a/Alone.sol"] * 2
    assert json.loads(kept.read_text())


def test_answers_that_nobody_asks_for_are_removed(tmp_path):
    solc.answer(request(names=["a/Alone.sol", "b/Bottom.sol"]))
    old = time.time() - (solc.KEPT_DAYS + 1) * 86_400
    for kept in (tmp_path / "kept").iterdir():
        os.utime(kept, (old, old))
    solc.answer(request(names=["a/Alone.sol"]))
    assert solc.missing(request(names=["a/Alone.sol", "b/Bottom.sol"])) == 1


def test_the_command_answers_as_ape_expects(capsys):
    assert solc.main(["--version"]) == 0
    assert capsys.readouterr().out == "Version: 1\n"
    assert solc.main(["--optimize"]) == 1
    assert capsys.readouterr().err == "solc: this one knows --version and --standard-json only\n"
