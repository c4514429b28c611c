"""Which saves of a CheckpointSaverHook are done, at once or in the background.

The last step is to be saved, what was asked for is to be saved or an error,
and a hook may be used for two trainings.
"""

import threading

import numpy as np
import pytest
import tensorflow as tf

from monitored_tf import save_errors
from monitored_tf.checked_saver import CheckedSaver
from monitored_tf.hooks.save_once import save_once
from tests.hooks import background_saves as saves

v1 = tf.compat.v1
pytestmark = pytest.mark.usefixtures("scratch")


class EndListener(saves.Listener):
    def end(self, session, global_step_value):
        self.log.append(f"end {global_step_value}")


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def is_async(request):
    return request.param


@pytest.fixture
def train(step):
    """A step after which a weight has the value that is fed."""
    weight = v1.get_variable("weight", initializer=0.0)
    value = v1.placeholder_with_default(1.0, (), name="value")
    with tf.control_dependencies([v1.assign(weight, value)]):
        return tf.identity(step)


def _unblock(folder, number):
    path = folder / f"model.ckpt-{number}.index"
    (path / "in the way").unlink()
    path.rmdir()


def test_a_last_step_whose_save_failed_is_saved_at_the_end(
    step, folder, is_async
):
    hook = saves.hook(folder, async_save=is_async, on_save_error="warn")
    with saves.session([hook]) as session:
        session.run(step)
        saves.put_in_the_way(folder, 2)
        session.run(step)
        hook.finish_save(session.raw_session())
        assert saves.steps(folder) == [0]
        _unblock(folder, 2)
    assert saves.steps(folder) == [0, 2]


def test_a_last_save_in_flight_that_fails_is_an_error(
    step, folder, gate, caplog
):
    hook = saves.hook(folder, on_save_error="warn")
    with pytest.raises(save_errors.CheckpointSaveError, match="at step 2"):
        with saves.session([hook]) as session:
            gate.shut()
            for _ in range(2):
                session.run(step)
            saves.put_in_the_way(folder, 2)
            gate.open()


def test_a_last_step_with_nan_is_looked_at_once(
    train, folder, is_async, caplog
):
    hook = saves.hook(folder, async_save=is_async, on_nan="skip")
    with saves.session([hook]) as session:
        for value in (1.0, np.nan):
            session.run(train, {"value:0": value})
    assert saves.steps(folder) == [0]
    assert caplog.text.count("Training goes on.") == 1


def test_steps_after_one_with_nan_are_saved_at_the_end(train, folder, is_async):
    hook = saves.hook(folder, async_save=is_async, on_nan="skip")
    with saves.session([hook]) as session:
        for value in (1.0, np.nan, 1.0):
            session.run(train, {"value:0": value})
    assert saves.steps(folder) == [0, 3]


def test_a_save_that_is_asked_for_is_not_skipped(train, folder, is_async):
    hook = saves.hook(folder, 100, is_async, on_nan="skip")
    with saves.session([hook]) as session:
        session.run(train, {"value:0": np.nan})
        with pytest.raises(save_errors.NanWeightsError, match="model.ckpt-1"):
            session.save()


def test_a_save_that_is_asked_for_is_an_error_if_it_fails(
    step, folder, is_async
):
    hook = saves.hook(folder, 100, is_async, on_save_error="warn")
    with saves.session([hook]) as session:
        session.run(step)
        saves.put_in_the_way(folder, 1)
        with pytest.raises(save_errors.CheckpointSaveError, match="at step 1"):
            session.save()
        said = save_once(session.raw_session(), hook)
        assert said == "step 1 could not be saved; the newest is step 0"
        _unblock(folder, 1)
    assert saves.steps(folder) == [0, 1]  # By end().


def test_a_failure_in_flight_does_not_keep_what_is_asked_for(
    step, folder, gate
):
    hook = saves.hook(folder)
    with saves.session([hook]) as session:
        gate.shut()
        for _ in range(3):
            session.run(step)
        saves.put_in_the_way(folder, 2)
        gate.open()
        with pytest.raises(save_errors.CheckpointSaveError, match="at step 2"):
            session.save()
        assert saves.steps(folder) == [0, 3]


def test_a_failure_in_flight_does_not_keep_the_last_step(step, folder, gate):
    listener = EndListener()
    hook = saves.hook(folder, listeners=[listener])
    with pytest.raises(save_errors.CheckpointSaveError, match="at step 2"):
        with saves.session([hook]) as session:
            gate.shut()
            for _ in range(3):
                session.run(step)
            saves.put_in_the_way(folder, 2)
            gate.open()
    assert saves.steps(folder) == [0, 3]
    assert listener.log[-3:] == ["before 3", "after 3", "end 3"]


def test_a_hook_begins_anew_with_each_training(step, folder, is_async, caplog):
    """As with estimator.train(hooks=[hook]) that is called twice."""
    hook = saves.hook(
        folder, 1, is_async, on_save_error="warn", max_save_failures=2
    )
    with pytest.raises(ZeroDivisionError):
        with saves.session([hook]) as session:
            saves.put_in_the_way(folder, 1)
            session.run(step)
            raise ZeroDivisionError
    _unblock(folder, 1)
    (folder / "model.ckpt-7_temp").mkdir()
    with saves.session([hook]) as session:
        assert not (folder / "model.ckpt-7_temp").exists()
        saves.put_in_the_way(folder, 1)
        session.run(step)
        hook.finish_save(session.raw_session())
        session.run(step)
    assert saves.steps(folder)[-1] == 2
    assert "Failed in a row: 2" not in caplog.text


def test_a_copy_for_which_memory_is_lacking_is_made_of_files(
    step, folder, monkeypatch, caplog
):
    def fetch(ops, session):
        raise MemoryError

    monkeypatch.setattr("monitored_tf.snapshots._LEAST_BYTES", 0)
    monkeypatch.setattr("monitored_tf.saving_ops.SavingOps.fetch", fetch)
    with saves.session([saves.hook(folder)]) as session:
        for _ in range(5):
            session.run(step)
    assert saves.steps(folder) == [0, 2, 4, 5]
    assert "No memory for a copy" in caplog.text


@pytest.mark.parametrize("name", ["take_snapshot", "save_snapshot"])
def test_memory_that_is_lacking_for_a_save_may_be_a_warning(
    step, folder, monkeypatch, caplog, name
):
    def fails(*args):
        raise MemoryError

    monkeypatch.setattr(CheckedSaver, name, fails)
    hook = saves.hook(folder, on_save_error="warn")
    with saves.session([hook]) as session:
        for _ in range(3):
            session.run(step)
    assert "MemoryError: could not save" in caplog.text
    assert "Training goes on without this checkpoint" in caplog.text
    assert saves.steps(folder) == [0, 3]


def test_a_failure_in_the_background_is_logged_where_it_happens(
    step, folder, gate, caplog
):
    hook = saves.hook(folder, on_save_error="warn")
    with saves.session([hook]) as session:
        gate.shut()
        for _ in range(2):
            session.run(step)
        saves.put_in_the_way(folder, 2)
        gate.open()
        _join_writers()
        (record,) = [r for r in caplog.records if r.levelname == "ERROR"]
        assert "The save of step 2 in the background failed" in record.message
        _unblock(folder, 2)


def _join_writers():
    for thread in threading.enumerate():
        if "save of" in thread.name:
            thread.join()


def test_a_first_save_that_failed_is_made_up_for_at_the_end(folder, step):
    folder.mkdir()
    saves.put_in_the_way(folder, 0)
    hook = saves.hook(folder, async_save=False, on_save_error="warn")
    with saves.session([hook]):
        _unblock(folder, 0)
    assert saves.steps(folder) == [0]
