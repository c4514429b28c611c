"""What tests of saves in the background share."""

import os
import tempfile
import threading

import pytest

from monitored_tf import saves_in_flight, snapshots
from tests.hooks import background_saves


@pytest.fixture
def gate(monkeypatch):
    """Before the writing of a snapshot; open at first and in the end."""
    gate = background_saves.Gate(monkeypatch)
    yield gate
    gate.open()


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """Where temporary files go; nothing may be left there or in memory."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert background_saves.left_behind(os.getpid()) == []
    assert not saves_in_flight.are_any()
    saving = [t.name for t in threading.enumerate() if "save of" in t.name]
    assert saving == []


@pytest.fixture(params=["arrays", "files"])
def way(request, monkeypatch):
    """How values are put aside."""
    least_bytes = {"arrays": 0, "files": 1 << 60}[request.param]
    monkeypatch.setattr(snapshots, "_LEAST_BYTES", least_bytes)
    return request.param


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "model"
