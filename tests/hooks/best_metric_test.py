"""The argument keep_best of CheckpointSaverHook."""

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import save_errors

v1 = tf.compat.v1
Hook = monitored_tf.CheckpointSaverHook


@pytest.fixture
def loss(step):
    """A tensor that is what it is fed, 0 by default."""
    return v1.placeholder_with_default(0.0, (), "loss")


def _run(folder, step, loss, values, keep_best, save_steps=1, **kwargs):
    hook = Hook(
        str(folder),
        save_steps=save_steps,
        saver=v1.train.Saver(max_to_keep=1),
        keep_best=keep_best,
        **kwargs,
    )
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        for value in values:
            session.run(step, {loss: value})


def _best(folder):
    return sorted(
        int(path.stem[11:]) for path in (folder / "best").glob("*.index")
    )


@pytest.mark.parametrize("name", ["loss", "loss:0", None])
def test_the_checkpoints_of_the_least_are_kept(step, loss, tmp_path, name):
    _run(tmp_path, step, loss, [4, 2, 9, 3, np.nan], (name or loss, 2))
    assert _best(tmp_path) == [2, 4]
    path = tf.train.latest_checkpoint(str(tmp_path / "best"))
    assert tf.train.load_variable(path, "global_step") == 2
    assert (tmp_path / "best" / "model.ckpt-2.meta").exists()


def test_the_checkpoints_of_the_most_may_be_kept(step, loss, tmp_path):
    _run(tmp_path, step, loss, [4, 2, 9, 3], [loss, 1, "max"])
    assert _best(tmp_path) == [3]


def test_only_what_is_saved_is_kept(step, loss, tmp_path):
    _run(tmp_path, step, loss, [4, 1, 9], (loss, 9), save_steps=100)
    assert _best(tmp_path) == [3]  # The one at the end.


def test_the_first_save_of_a_session_has_no_metric(step, loss, tmp_path):
    _run(tmp_path, step, loss, [], (loss, 9))
    assert not (tmp_path / "best").exists()


def test_it_works_in_tensorflows_own_session(step, loss, tmp_path):
    hook = Hook(
        str(tmp_path),
        save_steps=1,
        saver=v1.train.Saver(),
        keep_best=(loss, 1),
    )
    with v1.train.MonitoredSession(hooks=[hook]) as session:
        assert session.run(step, {loss: 3.0}) == 1
    assert _best(tmp_path) == [1]


def test_a_copy_that_fails_is_a_save_that_failed(step, loss, tmp_path, caplog):
    (tmp_path / "best").write_text("no folder")
    with pytest.raises(save_errors.CheckpointSaveError) as caught:
        _run(tmp_path, step, loss, [4], (loss, 1))
    assert caught.value.path == str(tmp_path / "best" / "model.ckpt-1")
    _run(
        tmp_path,
        step,
        loss,
        [4, 3],
        (loss, 1),
        save_steps=2,
        on_save_error="warn",
    )
    assert "Failed in a row: 1" in caplog.text


@pytest.mark.parametrize(
    "keep_best", ["loss", (), ("loss",), ("loss", 0), ("loss", 1, "least")]
)
def test_other_arguments_are_errors(graph, tmp_path, keep_best):
    with pytest.raises(ValueError, match=r"keep_best must be \(metric, count"):
        Hook(str(tmp_path), save_steps=1, keep_best=keep_best)


@pytest.mark.parametrize("metric", ["nothing", 3, "loss:7"])
def test_a_metric_that_is_not_there_is_an_error(step, loss, tmp_path, metric):
    with pytest.raises(ValueError, match="metric of keep_best must be a ten"):
        _run(tmp_path, step, loss, [], (metric, 1))
