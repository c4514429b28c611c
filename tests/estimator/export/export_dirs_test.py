"""Where exports are written."""

import os
import pathlib

import pytest
import tensorflow as tf

from monitored_tf.estimator import export


def test_the_name_is_the_second_as_bytes(lib, tmp_path):
    path = lib.get_timestamped_export_dir(str(tmp_path))
    assert os.path.dirname(path) == os.fsencode(tmp_path)
    assert len(os.path.basename(path)) == 10
    assert os.path.basename(path).isdigit()
    assert not os.path.exists(path)


def test_the_temporary_one_stands_beside_it(lib):
    for path in ("base/1576013284", b"base/1576013284"):
        temporary = lib.get_temp_export_dir(path)
        assert temporary == b"base/temp-1576013284"


@pytest.mark.parametrize("base", [str, os.fsencode, pathlib.Path])
def test_the_base_may_be_any_path(tmp_path, base):
    path = export.get_timestamped_export_dir(
        base(tmp_path), clock=lambda: 1576013284.9
    )
    assert path == os.fsencode(tmp_path / "1576013284")


class _Clock:
    """A clock that goes on as long as somebody sleeps."""

    def __init__(self, goes=True):
        self.now = 1576013284.5
        self.slept = []
        self._goes = goes

    def time(self):
        return self.now

    def sleep(self, secs):
        self.slept.append(secs)
        self.now += secs * self._goes


def test_a_name_that_is_taken_is_left_for_the_next_second(tmp_path, caplog):
    clock = _Clock()
    for second in (4, 5):
        (tmp_path / f"157601328{second}").mkdir()
    path = export.get_timestamped_export_dir(tmp_path, clock.time, clock.sleep)
    assert os.path.basename(path) == b"1576013286"
    assert clock.slept == [1, 1]
    assert "attempt 2 of 10" in caplog.text


def test_after_ten_attempts_it_is_an_error(tmp_path):
    clock = _Clock(goes=False)
    (tmp_path / "1576013284").mkdir()
    with pytest.raises(
        RuntimeError, match="unique export directory name after 10 attempts"
    ):
        export.get_timestamped_export_dir(tmp_path, clock.time, clock.sleep)
    assert len(clock.slept) == 10


def test_an_export_is_renamed_when_it_is_whole(tmp_path):
    with export.timestamped_export(tmp_path) as dirs:
        assert isinstance(dirs.final, bytes)
        assert dirs.temporary == export.get_temp_export_dir(dirs.final)
        tf.io.gfile.makedirs(dirs.temporary)
        assert not os.path.exists(dirs.final)
    assert os.listdir(tmp_path) == [os.path.basename(dirs.final).decode()]


def test_half_an_export_is_not_renamed(tmp_path):
    with pytest.raises(ZeroDivisionError):
        with export.timestamped_export(tmp_path) as dirs:
            tf.io.gfile.makedirs(dirs.temporary)
            raise ZeroDivisionError
    assert not os.path.exists(dirs.final)
