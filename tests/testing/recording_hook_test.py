"""A hook that keeps a list of its calls."""

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.testing import Fault, FaultHook, RecordingHook

v1 = tf.compat.v1

ONE_RUN = [
    "begin",
    "after_create_session",
    "before_run",
    "after_run",
    "end",
]


def test_each_callback_is_written_down_with_its_name(step):
    hook = RecordingHook()
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        session.run(step)
    assert hook.calls == [f"hook.{name}" for name in (*ONE_RUN, "close")]


def test_it_records_in_a_session_of_tensorflow(step):
    hook = RecordingHook("a")
    with v1.train.MonitoredSession(hooks=[hook]) as session:
        session.run(step)
    assert hook.calls == [f"a.{name}" for name in ONE_RUN]


def test_several_hooks_share_one_log(step):
    log = []
    hooks = [RecordingHook(name, log) for name in "ab"]
    with monitored_tf.MonitoredSession(hooks=hooks):
        pass
    assert hooks[0].calls is hooks[1].calls is log
    assert log == [
        f"{name}.{callback}"
        for callback in ("begin", "after_create_session", "end", "close")
        for name in "ab"
    ]


def test_hooks_without_a_log_have_their_own():
    assert RecordingHook().calls is not RecordingHook().calls


def test_what_it_fetches_feeds_and_asks_for_is_run(graph):
    fed = v1.placeholder(tf.float32, ())
    twice, one = fed * 2, tf.constant(1)
    options = v1.RunOptions(output_partition_graphs=True)
    hook = RecordingHook(
        fetches={"twice": twice}, feed_dict={fed: 3}, options=options
    )
    metadata = v1.RunMetadata()
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        session.run(one, run_metadata=metadata)
        session.run(one)
    assert hook.results == [{"twice": 6}, {"twice": 6}]
    assert len(metadata.partition_graphs) > 0


def test_without_fetches_it_gets_none(step):
    hook = RecordingHook()
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        session.run(step)
    assert hook.results == [None]


def test_errors_are_kept(step):
    hook = RecordingHook("a")
    error = ValueError("boom")
    with pytest.raises(ValueError, match="boom"):
        with monitored_tf.MonitoredSession(hooks=[hook]):
            raise error
    assert hook.errors == [error]
    assert hook.calls == [
        "a.begin",
        "a.after_create_session",
        "a.on_error",
        "a.close",
    ]


def test_recoveries_are_kept(step):
    hook = RecordingHook("a")
    with monitored_tf.MonitoredSession(
        hooks=[hook, FaultHook(Fault("before_run"))],
        recovery=monitored_tf.RecoveryPolicy.tf(),
    ) as session:
        session.run(step)
    assert hook.events == list(session.recoveries)
    assert hook.calls.count("a.on_recovery") == 1
