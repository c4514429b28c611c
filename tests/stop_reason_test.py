"""What ended a session."""

import contextlib
import logging

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import stop_reason
from monitored_tf.testing import Fault, FaultHook, RecordingHook

v1 = tf.compat.v1


class _Stops(RecordingHook):
    def after_run(self, run_context, run_values):
        run_context.request_stop()


class _Coordinator(RecordingHook):
    def after_create_session(self, session, coord):
        self.coord = coord

    def die_of(self, error):
        self.coord.request_stop((type(error), error, None))


def _ending(session):
    reason = session.stop_reason
    return reason.kind, reason.detail


@contextlib.contextmanager
def _logged(caplog):
    """Collects the lines that say why the session stops."""
    lines = []
    with caplog.at_level(logging.INFO, logger="absl"):
        yield lines
    lines += [
        record.getMessage()
        for record in caplog.records
        if "Session stops" in record.getMessage()
    ]


def test_before_the_end_there_is_no_reason(step):
    with monitored_tf.MonitoredSession() as session:
        session.run(step)
        assert session.stop_reason is None


def test_a_plain_close_is_a_reason(step):
    with monitored_tf.MonitoredSession() as session:
        session.run(step)
    assert _ending(session) == ("closed", "")
    assert str(session.stop_reason) == "closed"


def test_a_hook_is_named(step):
    hook = _Stops()
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        session.run(step)
        assert session.stop_reason.hook is hook
    assert _ending(session) == ("hook", "_Stops")
    assert str(session.stop_reason) == "a hook asked for it: _Stops"


def test_a_hook_of_tensorflow_is_named(step):
    hooks = [RecordingHook(), v1.train.StopAtStepHook(last_step=2)]
    with monitored_tf.MonitoredSession(hooks=hooks) as session:
        while not session.should_stop():
            session.run(step)
    assert _ending(session) == ("hook", "StopAtStepHook")


def test_the_users_reason_is_kept(step):
    with monitored_tf.MonitoredSession() as session:
        session.request_stop("loss is low enough")
        assert session.should_stop()
        with pytest.raises(
            monitored_tf.StopRequestedError, match="loss is low enough"
        ):
            session.run(step)
    assert _ending(session) == ("user", "loss is low enough")


def test_the_user_need_give_no_reason(step):
    with monitored_tf.MonitoredSession() as session:
        session.request_stop()
    assert str(session.stop_reason) == "request_stop() was called"


def test_the_first_request_is_the_reason(step):
    with monitored_tf.MonitoredSession(hooks=[_Stops()]) as session:
        session.run(step)
        session.request_stop("later")
    assert session.stop_reason.kind == "hook"


def test_a_step_function_is_a_reason(step):
    with monitored_tf.MonitoredSession() as session:
        session.run_step_fn(lambda step_context: step_context.request_stop())
    assert _ending(session) == ("step_fn", "")


def _batches(count):
    data = v1.data.Dataset.range(count)
    return v1.data.make_one_shot_iterator(data).get_next(name="batches")


def test_the_end_of_the_data_names_its_op(graph):
    batch = _batches(3)
    with monitored_tf.MonitoredSession() as session:
        while not session.should_stop():
            session.run(batch)
    assert _ending(session) == ("end_of_data", "op 'batches'")
    assert isinstance(session.stop_reason.error, tf.errors.OutOfRangeError)


def test_the_end_of_the_data_that_the_user_caught_is_the_reason(graph):
    batch = _batches(0)
    session = monitored_tf.MonitoredSession()
    with pytest.raises(tf.errors.OutOfRangeError):
        session.run(batch)
    assert not session.should_stop()
    session.close()
    assert session.stop_reason.kind == "end_of_data"


def test_an_error_that_a_later_run_made_good_is_no_reason(step):
    faults = FaultHook(Fault("before_run", error=ValueError("boom")))
    with monitored_tf.MonitoredSession(hooks=[faults]) as session:
        with pytest.raises(ValueError, match="boom"):
            session.run(step)
        session.run(step)
    assert session.stop_reason.kind == "closed"


def test_a_stray_stop_iteration_warns_and_names_its_origin(step):
    with pytest.warns(
        monitored_tf.StrayStopWarning, match=r"stop_reason_test\.py:\d+ in tes"
    ) as warned:
        with monitored_tf.MonitoredSession() as session:
            next(iter(()))
    assert [warning.filename for warning in warned] == [__file__]
    assert session.stop_reason.kind == "end_of_data"
    assert "stop_reason_test.py" in session.stop_reason.detail


def test_an_error_of_a_run_is_the_reason(step):
    error = ValueError("boom\nand more")
    faults = FaultHook(Fault("before_run", error=error))
    with pytest.raises(ValueError, match="boom"):
        with monitored_tf.MonitoredSession(hooks=[faults]) as session:
            session.run(step)
    assert _ending(session) == ("error", "ValueError: boom")
    assert session.stop_reason.error is error


def test_an_error_of_the_body_is_the_reason_although_a_hook_asked(step):
    with pytest.raises(KeyError):
        with monitored_tf.MonitoredSession(hooks=[_Stops()]) as session:
            session.run(step)
            raise KeyError("mine")
    assert _ending(session) == ("error", "KeyError: 'mine'")


def test_a_derived_out_of_range_error_is_an_error(step):
    class Derived(tf.errors.OutOfRangeError):
        pass

    with pytest.raises(Derived):
        with monitored_tf.MonitoredSession() as session:
            raise Derived(None, None, "mine")
    assert session.stop_reason.kind == "error"


def test_a_preemption_that_was_given_up_is_the_reason(step):
    with pytest.raises(tf.errors.AbortedError):
        with monitored_tf.MonitoredSession(
            hooks=[FaultHook(Fault("before_run"))],
            recovery=monitored_tf.RecoveryPolicy.none(),
        ) as session:
            session.run(step)
    assert session.stop_reason.kind == "error"
    assert session.stop_reason.detail.startswith("AbortedError: planted")


def test_the_error_of_a_thread_is_the_reason_and_raised(step):
    hook = _Coordinator()
    with pytest.raises(ValueError, match="in a thread"):
        with monitored_tf.MonitoredSession(hooks=[hook]) as session:
            hook.die_of(ValueError("in a thread"))
            assert session.should_stop()
    assert _ending(session) == ("thread", "ValueError: in a thread")


def test_a_thread_that_stops_the_coordinator_is_the_reason(step):
    hook = _Coordinator()
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        hook.coord.request_stop()
        assert session.should_stop()
    assert _ending(session) == ("thread", "")


def test_while_a_thread_has_stopped_the_session_the_reason_is_known(step):
    hook = _Coordinator()
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        hook.coord.request_stop()
        assert session.should_stop()
        assert session.stop_reason is not None


def test_the_reason_outlives_a_second_close(step):
    with monitored_tf.MonitoredSession(hooks=[_Stops()]) as session:
        session.run(step)
    session.close()
    assert session.stop_reason.kind == "hook"


def test_a_request_after_the_close_changes_nothing(step):
    with monitored_tf.MonitoredSession() as session:
        pass
    session.request_stop("too late")
    assert session.stop_reason.kind == "closed"


def test_one_line_of_the_log_says_why(step, caplog):
    with _logged(caplog) as lines:
        with monitored_tf.MonitoredSession(hooks=[_Stops()]) as session:
            session.run(step)
        session.close()
    assert lines == ["Session stops: a hook asked for it: _Stops."]


def test_the_origin_of_an_error_that_was_never_raised_is_unknown():
    assert stop_reason.origin(StopIteration()) == "an unknown place"


def test_only_the_two_types_themselves_end_the_data():
    class Derived(StopIteration):
        pass

    assert stop_reason.is_end_of_data(StopIteration)
    assert not stop_reason.is_end_of_data(Derived)
