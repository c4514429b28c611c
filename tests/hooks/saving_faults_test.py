"""Saves on disks that are full or read-only."""

import os
import resource

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import checkpoint_files, save_errors
from tests import disk_outages

v1 = tf.compat.v1
Hook = monitored_tf.CheckpointSaverHook


def _mount(*arguments):
    if os.geteuid() != 0:
        pytest.skip("Only root may mount.")
    try:
        disk_outages.mount(*arguments)
    except disk_outages.CannotMountError as error:
        pytest.skip(f"mount is not allowed: {error}")


@pytest.fixture
def small_disk(tmp_path):
    """A folder that holds two checkpoints of 1 MB, but not three."""
    folder = tmp_path / "small"
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", "size=2800k", "tmpfs", folder)
    with disk_outages.unmounted(folder):
        yield folder


def _hook(folder, max_to_keep=5, **kwargs):
    v1.get_variable("weight", (1 << 18,))
    saver = v1.train.Saver(max_to_keep=max_to_keep)
    return Hook(str(folder), save_steps=1, saver=saver, **kwargs)


def _whole(folder):
    state = tf.train.get_checkpoint_state(str(folder))
    paths = state.all_model_checkpoint_paths
    assert [checkpoint_files.problem(p, full=True) for p in paths] == [
        ""
    ] * len(paths)
    return [path.rpartition("/")[2] for path in paths]


def _unfinished(folder):
    names = os.listdir(folder)
    return [name for name in names if "_temp" in name or ".temp" in name]


@pytest.mark.parametrize("on_nan", ["raise", None])
def test_a_full_disk_is_named_and_loses_nothing(step, small_disk, on_nan):
    with pytest.raises(tf.errors.ResourceExhaustedError) as caught:
        with monitored_tf.MonitoredSession(
            hooks=[_hook(small_disk, on_nan=on_nan)]
        ) as session:
            for _ in range(3):
                session.run(step)
    path = small_disk / "model.ckpt-2"
    assert str(caught.value).startswith(
        f"No space left on device: could not save {path} at step 2"
    )
    assert _whole(small_disk) == ["model.ckpt-0", "model.ckpt-1"]
    assert not _unfinished(small_disk)


@pytest.mark.parametrize("on_nan", ["raise", None])
def test_training_outlives_a_full_disk(step, small_disk, caplog, on_nan):
    hook = _hook(small_disk, on_save_error="warn", on_nan=on_nan)
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        for _ in range(4):
            session.run(step)
        assert _whole(small_disk) == ["model.ckpt-0", "model.ckpt-1"]
        _mount("-o", "remount,size=4m", small_disk)
        session.run(step)
        assert _whole(small_disk)[-1] == "model.ckpt-5"
    assert "Failed in a row: 3" in caplog.text
    assert not _unfinished(small_disk)


def test_a_file_that_grows_too_large_does_not_end_training_as_if_done(
    step, tmp_path
):
    hook = _hook(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(save_errors.CheckpointSaveError) as caught:
        with monitored_tf.MonitoredSession(hooks=[hook]) as session:
            try:
                # Python ignores the signal that comes with it.
                resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, limits[1]))
                session.run(step)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not isinstance(caught.value, tf.errors.OutOfRangeError)
    assert str(caught.value).startswith("File too large: could not save")
    assert _whole(tmp_path) == ["model.ckpt-0"]
    assert not _unfinished(tmp_path)


@pytest.fixture
def read_only(tmp_path):
    """A folder that can't be written."""
    folder = tmp_path / "read_only"
    folder.mkdir()
    _mount("--bind", folder, folder)
    with disk_outages.unmounted(folder):
        _mount("-o", "remount,bind,ro", folder)
        yield folder


def test_a_folder_that_is_read_only_is_an_error_at_once(step, read_only):
    with pytest.raises(save_errors.CheckpointSaveError) as caught:
        with monitored_tf.MonitoredSession(hooks=[_hook(read_only)]) as session:
            session.run(step)
    assert str(caught.value).startswith("Read-only file system: could not save")
    assert "model.ckpt" in str(caught.value)


def test_a_folder_that_becomes_read_only_may_be_a_warning(
    step, tmp_path, caplog
):
    folder = tmp_path / "folder"
    folder.mkdir()
    hook = _hook(folder, on_save_error="warn")
    _mount("--bind", folder, folder)
    with disk_outages.unmounted(folder):
        with monitored_tf.MonitoredSession(hooks=[hook]) as session:
            session.run(step)
            # As long as the event file is open for writing, it is busy.
            events = v1.summary.FileWriterCache.get(str(folder))
            events.close()
            _mount("-o", "remount,bind,ro", folder)
            session.run(step)
            session.run(step)
            _mount("-o", "remount,bind,rw", folder)
            events.reopen()
            session.run(step)
        assert "Failed in a row: 2" in caplog.text
        assert "Read-only file system: could not save" in caplog.text
        names = [f"model.ckpt-{number}" for number in (0, 1, 4)]
        assert _whole(folder) == names
