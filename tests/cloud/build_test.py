"""The command that builds the op library: what it says when it can't."""

from __future__ import annotations

import pytest

from monitored_tf.cloud import build, op_library
from monitored_tf.cloud.errors import GcsConfigurationError

needs_tf = pytest.mark.skipif(
    not op_library.is_for_this_tensorflow(),
    reason="the ops are for TensorFlow 2.15 and later",
)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "monitored_tf"


@needs_tf
def test_no_compiler(monkeypatch, home):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(GcsConfigurationError, match="can't be run .*CXX"):
        build.build()
    assert list(home.iterdir()) == []


@needs_tf
def test_compiler_that_fails(monkeypatch, home, capsys):
    monkeypatch.setenv("CXX", "sh -c 'echo no such header >&2; exit 1'")
    assert build.main() == 1
    assert "sh failed:\nno such header" in capsys.readouterr().err
    assert list(home.iterdir()) == []


@needs_tf
def test_folder_is_its_owners_alone(monkeypatch, home):
    monkeypatch.setenv("CXX", "false")
    assert build.main() == 1
    assert home.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(
    op_library.is_for_this_tensorflow(), reason="this TensorFlow is new enough"
)
def test_old_tensorflow(capsys):
    assert build.main() == 1
    assert "2.15 or later" in capsys.readouterr().err


def test_library_is_built_for_this_tensorflow(built, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", built)
    assert op_library.path().is_file()
