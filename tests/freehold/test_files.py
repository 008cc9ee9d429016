"""Files are whole or not there, places are tried without a trace, and finished work is never lost."""

from __future__ import annotations

import resource
import signal
import tempfile
from pathlib import Path

import pytest

from freehold.errors import Refused
from freehold.files import read_json, try_place, write_whole, write_work

LIMIT = 1 << 25
"""Bytes: more than the suite itself writes into any file, its own output among them."""
TOO_MUCH = LIMIT + 1


@pytest.fixture
def small_files():
    """No file may be larger than the limit, as on a disk that is full."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_place_is_tried_and_nothing_stays_of_the_trial(tmp_path):
    try_place(tmp_path / "file", 1 << 20)
    assert names(tmp_path) == []
    with pytest.raises(Refused, match="No such file or directory"):
        try_place(tmp_path / "nowhere" / "file", 1)


def test_a_full_disk_is_noticed_before_the_work(tmp_path, small_files):
    try_place(tmp_path / "file", LIMIT)
    with pytest.raises(Refused, match=f"tried with {TOO_MUCH:,} bytes: File too large"):
        try_place(tmp_path / "file", TOO_MUCH)
    assert names(tmp_path) == []


def test_what_cannot_be_written_leaves_what_was_there(tmp_path, small_files):
    target = tmp_path / "file"
    write_whole(target, "before")
    with pytest.raises(OSError):
        write_whole(target, bytes(TOO_MUCH))
    assert target.read_text() == "before" and names(tmp_path) == ["file"]


def test_an_interrupt_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "file", "x")
    assert names(tmp_path) == []


def test_finished_work_is_kept_elsewhere_and_named(tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(elsewhere))
    target = tmp_path / "gone" / "proof"
    with pytest.raises(Refused, match=r"No such file or directory\): what was made is kept in ") as refused:
        write_work(target, b"a proof")
    (kept,) = elsewhere.glob("freehold-*/proof")
    assert kept.read_bytes() == b"a proof" and str(kept) in str(refused.value)


def test_where_no_place_is_left_that_is_said(tmp_path, monkeypatch, small_files):
    for name in ("home", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Refused, match="there is no other place for it"):
        write_work(tmp_path / "proof", bytes(TOO_MUCH))
    assert names(tmp_path) == ["home", "temporary"] and names(tmp_path / "home") == names(tmp_path / "temporary") == []


def test_a_link_stays_a_link_and_a_pipe_a_pipe(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_whole(tmp_path / "link", "x")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "file").read_text() == "x"
    device = tmp_path / "null"
    device.symlink_to("/dev/null")
    write_whole(device, "x")
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "Expecting value"),
        (b"\xff\xfe", "it is not text"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": NaN}', "NaN is no number"),
        (b"9" * 5_000, "Exceeds the limit"),
    ],
    ids=["empty", "binary", "deep", "NaN", "long"],
)
def test_what_is_no_json_is_refused(tmp_path, content, cause, usual_recursion):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(Refused, match=f"file is not JSON: .*{cause}"):
        read_json(tmp_path / "file")
