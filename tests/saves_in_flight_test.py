"""Which checkpoints are being written, and where to."""

import os
import threading

import pytest
from absl import logging

from monitored_tf import saves_in_flight, waiting
from monitored_tf.recovery import SessionTimeoutError


def test_who_waits_for_a_folder_waits_for_all_that_go_there(
    tmp_path, monkeypatch
):
    folder = str(tmp_path / "model")
    saves_in_flight.begin(folder)
    saves_in_flight.begin(folder)
    monkeypatch.chdir(tmp_path)
    waiter = threading.Thread(target=saves_in_flight.wait, args=("model/",))
    waiter.start()
    saves_in_flight.wait(str(tmp_path / "another"))
    saves_in_flight.end(folder)
    assert saves_in_flight.are_any()
    waiter.join(0.05)
    assert waiter.is_alive()
    saves_in_flight.end(folder)
    waiter.join(10)
    assert not waiter.is_alive()
    assert not saves_in_flight.are_any()


def test_who_waits_for_a_folder_says_so(tmp_path, monkeypatch):
    said, lines = threading.Event(), []

    def warning(text, *args):
        lines.append(text % args)
        said.set()

    monkeypatch.setattr(logging, "warning", warning)
    monkeypatch.setattr(waiting, "FIRST_LINE_SECS", 0.0)
    monkeypatch.setattr(waiting, "_LOOK_EVERY_SECS", 0.01)
    folder = os.path.realpath(tmp_path)
    saves_in_flight.begin(folder)
    waiter = threading.Thread(target=saves_in_flight.wait, args=(folder,))
    waiter.start()
    try:
        assert said.wait(10)
    finally:
        saves_in_flight.end(folder)
        waiter.join(10)
    assert lines[0] == f"Waiting 0 s for checkpoints to be written: {folder}"


def test_who_waits_for_all_waits_for_each_folder_once(tmp_path):
    folders = [str(tmp_path / name) for name in "ab"]
    for folder in folders:
        saves_in_flight.begin(folder)
    waiter = threading.Thread(target=saves_in_flight.wait_for_all)
    waiter.start()
    saves_in_flight.end(folders[0])
    waiter.join(0.05)
    assert waiter.is_alive()
    saves_in_flight.begin(folders[0])  # A later save: nobody waits for it.
    saves_in_flight.end(folders[1])
    waiter.join(10)
    assert not waiter.is_alive()
    saves_in_flight.end(folders[0])


def test_a_save_that_does_not_end_is_not_waited_for_longer(tmp_path):
    saves_in_flight.begin(str(tmp_path))
    try:
        with pytest.raises(
            SessionTimeoutError, match="0.1 s.*" + tmp_path.name
        ):
            saves_in_flight.wait_for_all(0.1)
    finally:
        saves_in_flight.end(str(tmp_path))
    saves_in_flight.wait_for_all(0.1)


def test_a_url_is_no_path_of_this_machine():
    key = saves_in_flight.begin("gs://bucket/model/")
    saves_in_flight.wait(os.path.realpath("gs://bucket/model"))
    saves_in_flight.end(key)
    assert not saves_in_flight.are_any()


def test_it_ends_where_its_folder_has_another_path_by_then(
    tmp_path, monkeypatch
):
    key = saves_in_flight.begin("model")
    monkeypatch.chdir(tmp_path)
    saves_in_flight.end(key)
    assert not saves_in_flight.are_any()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_has_none():
    key = saves_in_flight.begin("folder")
    try:
        child = os.fork()
        if not child:
            os._exit(saves_in_flight.are_any())
        assert os.waitpid(child, 0)[1] == 0
    finally:
        saves_in_flight.end(key)
