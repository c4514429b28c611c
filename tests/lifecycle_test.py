"""What is open when, who is told of what, and what is kept of it."""

import threading
import traceback

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import saves_in_flight
from monitored_tf.testing import (
    Fault,
    FaultHook,
    FaultSessionCreator,
    RecordingHook,
)
from tests.hooks import background_saves

v1 = tf.compat.v1
AT_ONCE = monitored_tf.RecoveryPolicy(initial_pause_secs=0, max_pause_secs=0)


def test_a_hook_may_use_the_session_in_its_end(step, tmp_path):
    class UsesSession(monitored_tf.SessionRunHook):
        def end(self, session):
            assert not self.session.should_stop()
            self.seen = self.session.run(step, hooks=())
            self.path = self.session.save(tmp_path)

    hook = UsesSession()
    with monitored_tf.MonitoredSession(hooks=[hook]) as hook.session:
        pass
    assert hook.seen == 1
    assert hook.path.endswith("model.ckpt-1")


def test_a_thread_of_the_coordinator_may_run_until_it_is_stopped(step):
    class RunsInThread(monitored_tf.SessionRunHook):
        def after_create_session(self, session, coord):
            self.ran = threading.Event()
            self.goes_on = threading.Event()
            thread = threading.Thread(target=self._loop, args=(coord,))
            coord.register_thread(thread)
            thread.start()

        def _loop(self, coord):
            with coord.stop_on_exception():
                while not coord.should_stop():
                    if hasattr(self, "session"):
                        self.session.run(step, hooks=())
                        self.ran.set()

        def end(self, session):
            self.ran.clear()
            assert self.ran.wait(10)

    hook = RunsInThread()
    with monitored_tf.MonitoredSession(hooks=[hook]) as hook.session:
        assert hook.ran.wait(10)


@pytest.mark.parametrize("library", [monitored_tf, v1.train])
def test_a_recovery_waits_for_a_save_in_flight(
    library, step, tmp_path, monkeypatch
):
    gate = background_saves.Gate(monkeypatch)
    hooks = [
        background_saves.hook(tmp_path, 3),
        FaultHook(Fault("before_run", 5)),
    ]
    creator = library.ChiefSessionCreator(checkpoint_dir=str(tmp_path))
    with monitored_tf.MonitoredSession(
        creator, hooks, recovery=AT_ONCE
    ) as session:
        gate.shut()
        for _ in range(4):
            session.run(step)
        threading.Timer(0.3, gate.open).start()
        assert session.run(step) == 4
        assert session.recoveries[0].step_after == 3


def test_a_recovery_gives_up_on_a_save_that_does_not_end(step, tmp_path):
    policy = monitored_tf.RecoveryPolicy(max_recovery_secs=0.5)
    session = monitored_tf.MonitoredSession(
        hooks=[FaultHook(Fault("before_run"))], recovery=policy
    )
    saves_in_flight.begin(str(tmp_path))
    try:
        with pytest.raises(monitored_tf.errors.RecoveryGaveUp) as caught:
            session.run(step)
    finally:
        saves_in_flight.end(str(tmp_path))
        session.close()
    assert tmp_path.name in str(caught.value)


def test_a_close_while_a_session_is_made_undoes_it(step):
    making, closed = threading.Event(), threading.Event()

    class SlowCreator(monitored_tf.SessionCreator):
        def __init__(self):
            self.creator = FaultSessionCreator()

        def create_session(self):
            session = self.creator.create_session()
            if len(self.creator.sessions) == 2:
                making.set()
                assert closed.wait(10)
            return session

    creator = SlowCreator()
    session = monitored_tf.MonitoredSession(
        creator, [FaultHook(Fault("before_run"))], recovery=AT_ONCE
    )
    errors = []

    def run():
        try:
            session.run(step)
        except monitored_tf.SessionClosedError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert making.wait(10)
    session.close()
    closed.set()
    thread.join()
    assert len(errors) == 1
    assert session.raw_session() is None
    assert not v1.get_default_graph().finalized
    for raw_session in creator.creator.sessions:
        with pytest.raises(RuntimeError, match="closed Session"):
            raw_session.run(step)


def test_a_recovery_leaves_the_callers_own_exception_alone(step):
    def fails():
        raise ValueError("the caller's")

    with pytest.raises(ValueError, match="the caller's") as raised:
        try:
            fails()
        except ValueError:
            with monitored_tf.MonitoredSession(
                hooks=[FaultHook(Fault("after_run"))], recovery=AT_ONCE
            ) as session:
                session.run(step)
            raise
    frames = traceback.extract_tb(raised.value.__traceback__)
    assert frames[-1].name == "fails"
    assert raised.value.__context__ is None


def test_an_iterator_of_hooks_takes_part_in_the_run_after_a_recovery(step):
    hook, fault = RecordingHook("a"), FaultHook(Fault("after_run"))
    with monitored_tf.MonitoredSession(
        hooks=[hook, fault], recovery=AT_ONCE
    ) as session:
        session.run(step, hooks=iter([hook, fault]))
    assert hook.calls.count("a.after_run") == 2


def test_an_interrupt_while_closing_goes_before_the_bodys_error(graph):
    interrupts = FaultHook(Fault("close", error=KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt) as raised:
        with monitored_tf.MonitoredSession(hooks=[interrupts]):
            raise ValueError("the body's")
    assert str(raised.value.__context__) == "the body's"


def test_an_interrupt_in_on_error_leaves_nothing_open(step):
    creator = FaultSessionCreator()
    interrupts = FaultHook(Fault("on_error", error=KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        with monitored_tf.MonitoredSession(creator, [interrupts]):
            raise ValueError("the body's")
    with pytest.raises(RuntimeError, match="closed Session"):
        creator.sessions[0].run(step)
    assert interrupts.calls["close"] == 1


def test_an_error_is_told_once_with_the_open_session(step):
    hook = RecordingHook("a")
    failing = FaultHook(Fault("before_run", error=ValueError("boom")))
    with pytest.raises(ValueError, match="boom"):
        with monitored_tf.MonitoredSession(hooks=[hook, failing]) as session:
            session.run(step)
    assert [str(error) for error in hook.errors] == ["boom"]
    assert hook.calls[-2:] == ["a.on_error", "a.close"]


def test_the_end_of_the_data_is_no_error(step):
    hook = RecordingHook("a")
    ends = FaultHook(Fault("before_run", error=StopIteration()))
    with monitored_tf.MonitoredSession(hooks=[hook, ends]) as session:
        session.run(step)
    assert hook.errors == []
    assert hook.calls[-2:] == ["a.end", "a.close"]


@pytest.mark.parametrize(
    ("error_type", "ends_hooks", "answer"),
    [
        (None, True, True),
        (StopIteration, True, True),
        (tf.errors.OutOfRangeError, True, True),
        (ValueError, False, False),
    ],
)
def test_exit_called_by_hand_is_decided_by_the_type(
    error_type, ends_hooks, answer, graph
):
    for make in (v1.train.MonitoredSession, monitored_tf.MonitoredSession):
        hook = RecordingHook("a")
        assert make(hooks=[hook]).__exit__(error_type, None, None) is answer
        assert ("a.end" in hook.calls) == ends_hooks


def test_a_stand_in_for_a_session_needs_run_and_close_only(graph):
    class StandIn:
        closed = False

        def run(self, **keywords):
            return dict.fromkeys(keywords["fetches"], 7)

        def close(self):
            self.closed = True

    stand_in = StandIn()

    class Creator:
        def create_session(self):
            return stand_in

    hook = RecordingHook(fetches="x")
    with monitored_tf.MonitoredSession(Creator(), [hook]) as session:
        assert session.run("x") == 7
    assert hook.results == [7]
    assert stand_in.closed


def test_the_owner_of_a_reused_session_finalizes_its_graph(step):
    graph = v1.get_default_graph()
    with v1.Session() as raw_session:
        creator = monitored_tf.ReusedSessionCreator(raw_session)
        with monitored_tf.MonitoredSession(creator):
            graph.finalize()
    assert graph.finalized


def test_two_sessions_may_be_nested(step):
    with monitored_tf.MonitoredSession() as outer:
        with monitored_tf.MonitoredSession() as inner:
            inner.run(v1.train.get_global_step().initializer)
            assert (outer.run(step), inner.run(step)) == (1, 1)
        assert outer.run(step) == 2
        assert outer.graph.finalized
    assert not v1.get_default_graph().finalized
