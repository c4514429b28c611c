"""ConfigureGcsHook among other hooks; what it does is in tests/cloud."""

from __future__ import annotations

import tensorflow as tf

import monitored_tf
from monitored_tf import cloud, hooks
from monitored_tf.testing import RecordingHook

v1 = tf.compat.v1


class FirstHook(RecordingHook):
    """Is to begin first."""

    begins_first = True

    def before_create_session(self, master, config):
        self._record(f"before_create_session({master!r})")


def test_hook_that_begins_first_is_called_before_others(graph):
    calls = []
    every = [RecordingHook("other", calls), FirstHook("first", calls)]
    with monitored_tf.MonitoredSession(hooks=every):
        assert calls == [
            "first.begin",
            "other.begin",
            "first.before_create_session('')",
            "first.after_create_session",
            "other.after_create_session",
        ]


def test_all_else_is_called_in_the_order_given(graph):
    calls = []
    every = [RecordingHook("other", calls), FirstHook("first", calls)]
    with monitored_tf.MonitoredSession(hooks=every) as session:
        del calls[:]
        session.run([])
    assert calls == [
        "other.before_run",
        "first.before_run",
        "other.after_run",
        "first.after_run",
        "other.end",
        "first.end",
        "other.close",
        "first.close",
    ]


def test_it_is_called_before_each_session(graph):
    hook = FirstHook()
    lost = [tf.errors.AbortedError(None, None, "lost")]

    def step(step_context):
        if lost:
            raise lost.pop()
        return step_context.session.run([])

    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        session.run_step_fn(step)
    assert hook.calls.count("hook.before_create_session('')") == 2
    assert hook.calls.count("hook.begin") == 1


def test_master_and_config_are_told(graph, master):
    told = []

    class Hook(FirstHook):
        def before_create_session(self, *arguments):
            told.append(arguments)

    creator = monitored_tf.ChiefSessionCreator(
        master=master, config=v1.ConfigProto(log_device_placement=False)
    )
    with monitored_tf.MonitoredSession(creator, [Hook()]):
        pass
    ((told_master, config),) = told
    assert told_master == master
    assert config.device_filters


def test_names():
    assert monitored_tf.ConfigureGcsHook is hooks.ConfigureGcsHook
    assert monitored_tf.ConfigureGcsHook is cloud.ConfigureGcsHook
    assert monitored_tf.cloud is cloud


def test_hook_with_nothing_to_do_does_nothing(graph):
    hook = monitored_tf.ConfigureGcsHook()
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        session.run([])
    with v1.train.MonitoredSession(hooks=[hook]) as session:
        session.run([])


def test_documentation_warns_of_the_network():
    for documented in (cloud.ConfigureGcsHook, cloud.configure_gcs):
        assert "network to a remote master unencrypted" in " ".join(
            documented.__doc__.split()
        )
