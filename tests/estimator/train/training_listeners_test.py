"""What the listeners of checkpoints are told in a training."""

import pytest
import tensorflow as tf

from tests.estimator import small_training as small

train = tf.compat.v1.train


class Listener(train.CheckpointSaverListener):
    """Records its calls; may ask for the end."""

    def __init__(self, stop_at=None):
        self.calls = []
        self._stop_at = stop_at

    def begin(self):
        self.calls.append("begin")

    def before_save(self, session, global_step_value):
        self.calls.append(f"before{global_step_value}")

    def after_save(self, session, global_step_value):
        self.calls.append(f"after{global_step_value}")
        return global_step_value == self._stop_at

    def end(self, session, global_step_value):
        self.calls.append(f"end{global_step_value}")


def _listened(estimator, folder, listeners, steps=5):
    made = small.estimator_in(estimator, folder, save_checkpoints_steps=2)
    made.train(small.many_batches, steps=steps, saving_listeners=listeners)


def test_what_listeners_are_told(estimator, tmp_path):
    listener = Listener()
    _listened(estimator, tmp_path, [listener])
    told = [
        f"{when}{step}" for step in (0, 2, 4, 5) for when in ("before", "after")
    ]
    assert listener.calls == ["begin", *told, "end5"]


def test_a_listener_that_is_given_twice_is_told_once(estimator, tmp_path):
    listener = Listener()
    _listened(estimator, tmp_path, [listener, listener], steps=1)
    assert listener.calls.count("begin") == 1


def test_a_listener_may_stop(estimator, tmp_path):
    _listened(estimator, tmp_path, [Listener(stop_at=2)])
    assert small.checkpoint_steps(tmp_path) == [0, 2]


def test_listeners_need_a_saver(estimator, tmp_path):
    made = small.estimator_in(estimator, tmp_path, save_checkpoints_steps=None)
    with pytest.raises(ValueError, match="CheckpointSaverHook to use saving_l"):
        made.train(small.many_batches, saving_listeners=[Listener()])


@pytest.mark.parametrize("has_it_already", [True, False])
def test_listeners_of_ones_own_saver(has_it_already, estimator, tmp_path):
    listener = Listener()
    had = [listener] if has_it_already else None
    saver = train.CheckpointSaverHook(
        str(tmp_path), save_steps=3, listeners=had
    )
    made = small.estimator_in(estimator, tmp_path)
    made.train(
        small.many_batches,
        hooks=[saver],
        steps=1,
        saving_listeners=[listener],
    )
    assert listener.calls == [
        "begin",
        "before0",
        "after0",
        "before1",
        "after1",
        "end1",
    ]


def test_of_several_savers_the_first_has_the_listeners(estimator, tmp_path):
    listener = Listener()
    savers = [
        train.CheckpointSaverHook(str(tmp_path / name), save_steps=steps)
        for name, steps in (("a", 3), ("b", 1))
    ]
    made = small.estimator_in(estimator, tmp_path)
    made.train(
        small.many_batches, hooks=savers, steps=4, saving_listeners=[listener]
    )
    steps = [call for call in listener.calls if call.startswith("after")]
    assert steps == ["after0", "after3", "after4"]
