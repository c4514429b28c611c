"""Which checkpoints are being written, and where to."""

import os
import threading

import pytest

from monitored_tf import saves_in_flight


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


def test_a_url_is_no_path_of_this_machine():
    saves_in_flight.begin("gs://bucket/model/")
    saves_in_flight.wait(os.path.realpath("gs://bucket/model"))
    saves_in_flight.end("gs://bucket/model")
    assert not saves_in_flight.are_any()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_has_none():
    saves_in_flight.begin("folder")
    try:
        child = os.fork()
        if not child:
            os._exit(saves_in_flight.are_any())
        assert os.waitpid(child, 0)[1] == 0
    finally:
        saves_in_flight.end("folder")
