"""What tells TensorBoard which steps a recovery took back."""

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import hook_calls
from monitored_tf.testing import Fault, FaultHook

v1 = tf.compat.v1
START = v1.SessionLog.START


def _event(step_after):
    return monitored_tf.RecoveryEvent(
        cause=ValueError("lost"),
        attempt=1,
        pause_secs=0.0,
        recovery_secs=0.0,
        generation=2,
        step_before=7,
        step_after=step_after,
    )


def _hook(folder):
    hook = monitored_tf.SessionLogHook(folder)
    hook.begin()
    return hook


def _events(folder):
    (path,) = folder.glob("events*")
    return list(v1.train.summary_iterator(str(path)))


def _starts(folder):
    return [
        event.step
        for event in _events(folder)
        if event.session_log.status == START
    ]


def _drawn(folder):
    """The steps of the scalar `counted` that TensorBoard draws.

    At a START it drops what it read before of that step and later ones.
    """
    drawn = []
    for event in _events(folder):
        if event.session_log.status == START:
            drawn = [step for step in drawn if step < event.step]
        drawn.extend(
            event.step
            for value in event.summary.value
            if value.tag == "counted"
        )
    return drawn


def test_the_event_has_the_step_after_the_one_restored(graph, tmp_path):
    _hook(tmp_path).on_recovery(_event(step_after=4))
    assert _starts(tmp_path) == [5]


def test_the_initial_state_takes_back_every_step(graph, tmp_path):
    _hook(tmp_path).on_recovery(_event(step_after=0))
    assert _starts(tmp_path) == [1]


def test_an_unknown_step_takes_back_nothing(graph, tmp_path):
    hook = _hook(tmp_path)
    hook.on_recovery(_event(step_after=None))
    hook.on_recovery(_event(step_after=2))
    assert _starts(tmp_path) == [3]


def test_it_shares_the_event_file_of_the_folder(graph, tmp_path):
    writer = v1.summary.FileWriterCache.get(str(tmp_path))
    _hook(tmp_path).on_recovery(_event(step_after=4))
    writer.add_summary(v1.Summary(), 5)
    writer.flush()
    kinds = [event.WhichOneof("what") for event in _events(tmp_path)]
    assert kinds[-2:] == ["session_log", "summary"]


def test_a_recovery_may_happen_where_eager_execution_is_on(tmp_path):
    with tf.Graph().as_default():
        hook = _hook(tmp_path)
    assert tf.executing_eagerly()
    hook.on_recovery(_event(step_after=4))
    assert _starts(tmp_path) == [5]


def test_it_takes_no_part_in_a_run(tmp_path):
    hook = monitored_tf.SessionLogHook(str(tmp_path))
    assert hook_calls.Participants((hook,)).are_silent


def test_it_needs_a_folder():
    with pytest.raises(TypeError, match="NoneType"):
        monitored_tf.SessionLogHook(None)


def _train(module, folder, count=9, lost_at=(7,), **kwargs):
    """Trains with a summary at each step and a checkpoint at every fourth."""
    with tf.Graph().as_default():
        step = v1.assign_add(v1.train.get_or_create_global_step(), 1)
        v1.summary.scalar("counted", step)
        with module.MonitoredTrainingSession(
            checkpoint_dir=str(folder),
            save_checkpoint_steps=4,
            save_summaries_steps=1,
            # Not every protobuf lets TensorFlow's hook write it.
            save_graph_def=False,
            hooks=[FaultHook(*(Fault("before_run", n) for n in lost_at))],
            **kwargs,
        ) as session:
            for _ in range(count):
                session.run(step)
    v1.summary.FileWriterCache.get(str(folder)).flush()


def test_tensorflow_draws_repeated_steps_twice(tmp_path):
    _train(v1.train, tmp_path)
    assert _drawn(tmp_path) == [1, 2, 3, 4, 5, 6, 5, 6, 7]


def test_a_training_draws_repeated_steps_once(tmp_path):
    _train(monitored_tf, tmp_path)
    assert _starts(tmp_path) == [1, 5]
    assert _drawn(tmp_path) == [1, 2, 3, 4, 5, 6, 7]


def test_a_session_that_is_lost_where_it_was_saved_loses_no_step(tmp_path):
    _train(monitored_tf, tmp_path, lost_at=[5])
    assert _starts(tmp_path) == [1, 5]
    assert _drawn(tmp_path) == list(range(1, 10))


def test_each_recovery_takes_back_its_own_steps(tmp_path):
    # From 6 to 4, at once again to 4, and from 7 to 4.
    _train(monitored_tf, tmp_path, count=12, lost_at=[7, 8, 12])
    assert _starts(tmp_path) == [1, 5, 5, 5]
    assert _drawn(tmp_path) == list(range(1, 8))


def test_the_event_is_written_where_the_summaries_are(tmp_path):
    summaries = tmp_path / "summaries"
    _train(monitored_tf, tmp_path / "model", summary_dir=str(summaries))
    assert _drawn(summaries) == [1, 2, 3, 4, 5, 6, 7]
    assert _starts(tmp_path / "model") == []


def test_tensorboard_itself_draws_repeated_steps_once(tmp_path):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    )
    _train(monitored_tf, tmp_path)
    events = accumulator.EventAccumulator(
        str(tmp_path), size_guidance={accumulator.SCALARS: 0}
    )
    events.Reload()
    drawn = [scalar.step for scalar in events.Scalars("counted")]
    assert drawn == [1, 2, 3, 4, 5, 6, 7]
