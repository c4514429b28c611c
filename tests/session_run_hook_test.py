"""Our hooks and contexts are TensorFlow's too, in the sessions of both."""

import pytest
import tensorflow as tf

import monitored_tf

train = tf.compat.v1.train


@pytest.mark.parametrize("side", [train, monitored_tf], ids=["tf", "ours"])
@pytest.mark.parametrize("base", [train, monitored_tf], ids=["tf", "ours"])
def test_a_hook_works_in_the_sessions_of_both(side, base, step):
    class Hook(base.SessionRunHook):
        def before_run(self, run_context):
            assert isinstance(run_context, train.SessionRunContext)
            assert run_context.original_args == (step, None, None)
            return base.SessionRunArgs(step)

        def after_run(self, run_context, run_values):
            assert isinstance(run_values, train.SessionRunValues)
            self.result = run_values.results
            run_context.request_stop()
            assert run_context.stop_requested

    hook = Hook()
    assert isinstance(hook, train.SessionRunHook)
    with side.MonitoredSession(hooks=[hook]) as session:
        session.run(step)
        assert session.should_stop()
    assert hook.result == 1


def test_a_hook_that_overrides_nothing_asks_for_nothing(step):
    hook = monitored_tf.SessionRunHook()
    assert hook.before_run(None) is None
    for returned in (
        hook.begin(),
        hook.after_create_session(None, None),
        hook.after_run(None, None),
        hook.end(None),
        hook.on_error(None, ValueError()),
        hook.on_recovery(None),
        hook.close(),
    ):
        assert returned is None


def test_a_context_asks_for_the_end_for_itself_only():
    args = train.SessionRunArgs("fetches", {"key": "value"})
    contexts = [monitored_tf.SessionRunContext(args, "session") for _ in "ab"]
    assert [context.stop_requested for context in contexts] == [False, False]
    for _ in range(2):
        assert contexts[0].request_stop() is None
        assert [context.stop_requested for context in contexts] == [True, False]
    for context in contexts:
        assert isinstance(context, train.SessionRunContext)
        assert context.original_args is args
        assert context.session == "session"
