"""Folders in memory that no dead process leaves behind."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile

import pytest

from monitored_tf import scratch_folder

_MAKES_ONE = """
import sys, time
from monitored_tf import scratch_folder
folder = scratch_folder.ScratchFolder(sys.argv[1])
print(folder.path, flush=True)
time.sleep(60)
"""


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """A folder that stands for that in memory; the other one is empty."""
    for name in ("memory", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(scratch_folder, "_MEMORY", str(tmp_path / "memory"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path / "memory"


def test_its_name_tells_its_owner_and_it_is_removed_with_all_in_it(memory):
    folder = scratch_folder.ScratchFolder(str(memory))
    path = pathlib.Path(folder.path)
    assert f"{os.uname().nodename}-{os.getpid()}-" in path.name
    (path / "file").write_text("content")
    (path / "below").mkdir()
    folder.remove()
    assert list(memory.iterdir()) == []


def test_that_of_a_living_process_stays_and_that_of_a_killed_one_goes(memory):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", _MAKES_ONE, str(memory)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as child:
        try:
            path = pathlib.Path(child.stdout.readline().strip())
            own = scratch_folder.ScratchFolder(str(memory))
            scratch_folder.remove_left_behind()
            assert sorted(memory.iterdir()) == sorted(
                [path, pathlib.Path(own.path)]
            )
        finally:
            os.kill(child.pid, signal.SIGKILL)
    scratch_folder.remove_left_behind()
    assert [str(left) for left in memory.iterdir()] == [own.path]
    own.remove()


def test_what_is_not_of_this_host_stays(memory):
    other = memory / "monitored_tf_save-another.host-1-abc"
    other.mkdir()
    (memory / "monitored_tf_save").write_text("a file")
    scratch_folder.remove_left_behind()
    assert other.exists()


def test_one_that_is_taken_away_at_once_is_made_anew(memory, monkeypatch):
    """As between its making and its locking, by another process."""
    locked = scratch_folder._locked
    paths = []

    def taken_away_first(path, waits):
        paths.append(path)
        if len(paths) == 1:
            os.rmdir(path)
        return locked(path, waits)

    monkeypatch.setattr(scratch_folder, "_locked", taken_away_first)
    folder = scratch_folder.ScratchFolder(str(memory))
    assert len(paths) == 2
    assert os.path.isdir(folder.path)
    folder.remove()


def test_memory_comes_first_if_there_is_room(memory, tmp_path):
    temporary = str(tmp_path / "temporary")
    assert scratch_folder.parents(1000) == [str(memory), temporary]
    assert scratch_folder.parents(1 << 60) == [temporary]


def test_without_a_folder_in_memory_there_is_the_other(memory, tmp_path):
    memory.rmdir()
    assert scratch_folder.parents(1) == [str(tmp_path / "temporary")]
    scratch_folder.remove_left_behind()


def test_where_nothing_can_be_looked_for_nothing_is_removed(
    memory, monkeypatch, caplog
):
    """No save may fail for it."""

    def none():
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    left = memory / f"{scratch_folder._prefix()}1-abc"
    left.mkdir()
    with caplog.at_level("INFO"):
        scratch_folder.remove_left_behind()
        assert scratch_folder._named_like_ours(str(memory / "gone")) == []
    assert not left.exists()
    assert "no folder for temporary files" in caplog.text
    assert "gone can't be searched" in caplog.text
