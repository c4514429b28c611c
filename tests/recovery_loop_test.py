"""What is recovered from, after what pause, and when it is given up."""

import itertools
import os
import threading

import pytest
import tensorflow as tf
from absl import logging

import monitored_tf
from monitored_tf.testing import (
    FakeClock,
    Fault,
    FaultHook,
    FaultSessionCreator,
    RecordingHook,
)

v1 = tf.compat.v1
Policy = monitored_tf.RecoveryPolicy
AT_ONCE = Policy(initial_pause_secs=0, max_pause_secs=0)
FOR_EVER = Policy(initial_pause_secs=0, max_pause_secs=0, max_repeats=None)
NO_JITTER = Policy(jitter=0, max_repeats=None)


def _aborted(text="lost"):
    return tf.errors.AbortedError(None, None, text)


def _faults(callback, count, error=None):
    """Faults at the first calls; the same error, or one that is new."""
    return [
        Fault(callback, n, error or _aborted(f"lost {n}"))
        for n in range(1, count + 1)
    ]


def _session(*faults, recovery=FOR_EVER, hooks=(), creator=None):
    return monitored_tf.MonitoredSession(
        creator, [FaultHook(*faults), *hooks], recovery=recovery
    )


@pytest.mark.parametrize("callback", ["before_run", "after_run"])
@pytest.mark.parametrize(
    "error", [tf.errors.AbortedError, tf.errors.UnavailableError]
)
def test_a_preemption_in_a_hook_is_recovered_from(step, callback, error):
    fault = Fault(callback, error=error(None, None, "lost"))
    with _session(fault) as session:
        session.run(step)
    assert [event.cause for event in session.recoveries] == [fault.error]


def test_a_preemption_in_after_create_session_is_recovered_from(step):
    with _session(*_faults("after_create_session", 2)) as session:
        assert session.run(step) == 1
    assert [event.attempt for event in session.recoveries] == [2]


def test_a_preemption_in_the_session_creator_is_recovered_from(step):
    creator = FaultSessionCreator(*_faults("create_session", 2))
    with _session(creator=creator) as session:
        assert session.run(step) == 1
    assert creator.calls == {"create_session": 3}


def test_a_preemption_in_a_step_function_is_recovered_from(step):
    sessions = []

    def step_fn(step_context):
        sessions.append(step_context.session)
        if len(sessions) < 3:
            raise _aborted(f"lost {len(sessions)}")
        return step_context.session.run(step)

    with _session() as session:
        assert session.run_step_fn(step_fn) == 1
        assert sessions[-1] is session.raw_session()
    assert len(set(map(id, sessions))) == 3


def test_a_preemption_in_begin_is_not_recovered_from(graph):
    with pytest.raises(tf.errors.AbortedError, match="planted"):
        _session(Fault("begin"))


@pytest.mark.parametrize("error", [ValueError, tf.errors.CancelledError])
def test_other_errors_are_not_recovered_from(step, error):
    error = error() if error is ValueError else error(None, None, "other")
    with pytest.raises(type(error)) as raised:
        with _session(Fault("before_run", error=error)) as session:
            session.run(step)
    assert raised.value is error
    assert session.recoveries == ()


def test_the_policys_own_errors_are_the_ones_recovered_from(step):
    policy = Policy(errors=(KeyError,), initial_pause_secs=0)
    with _session(
        Fault("before_run", error=KeyError("mine")), recovery=policy
    ) as session:
        assert session.run(step) == 1
    with pytest.raises(tf.errors.AbortedError):
        with _session(Fault("before_run"), recovery=policy) as session:
            session.run(step)


def test_the_users_fetches_and_feeds_reach_the_recovered_run(graph):
    fed = v1.placeholder(tf.float32, ())
    fetches = {"twice": fed * 2}
    with _session(*_faults("after_run", 2)) as session:
        assert session.run(fetches, {fed: 3}) == {"twice": 6}


def test_the_lost_raw_session_is_closed(step):
    creator = FaultSessionCreator()
    with _session(Fault("after_run"), creator=creator) as session:
        session.run(step)
        with pytest.raises(RuntimeError, match="closed"):
            creator.sessions[0].run(step)
        assert session.raw_session() is creator.sessions[1]


def test_a_session_lost_in_after_create_session_is_closed(step):
    creator = FaultSessionCreator()
    with _session(Fault("after_create_session"), creator=creator) as session:
        session.run(step)
    assert len(creator.sessions) == 2
    with pytest.raises(RuntimeError, match="closed"):
        creator.sessions[0].run(step)


def test_the_pause_doubles_up_to_its_limit(step):
    with FakeClock() as clock:
        with _session(*_faults("before_run", 5), recovery=NO_JITTER) as session:
            session.run(step)
    assert clock.sleeps == pytest.approx([0.1, 0.2, 0.4, 0.5, 0.5])


def test_a_cluster_that_is_away_is_waited_for_with_the_same_pauses(step):
    creator = FaultSessionCreator(*_faults("create_session", 5))
    with FakeClock() as clock:
        _session(recovery=NO_JITTER, creator=creator).close()
    assert clock.sleeps == pytest.approx([0.1, 0.2, 0.4, 0.5, 0.5])


def test_a_step_that_succeeds_starts_the_pauses_anew(step):
    faults = [Fault("before_run", n, _aborted(str(n))) for n in (1, 2, 4, 6)]
    with FakeClock() as clock:
        with _session(*faults, recovery=NO_JITTER) as session:
            for _ in range(3):
                session.run(step)
    assert clock.sleeps == pytest.approx([0.1, 0.2, 0.1, 0.1])
    assert [event.attempt for event in session.recoveries] == [1, 2, 1, 1]


def test_the_default_pauses_vary_within_the_jitter_only(step):
    faults = _faults("before_run", 40)
    with FakeClock() as clock:
        with _session(*faults, recovery=Policy(max_repeats=None)) as session:
            session.run(step)
    capped = clock.sleeps[3:]
    assert 0.4 <= min(capped) < 0.43 < 0.47 < max(capped) <= 0.5
    assert [event.pause_secs for event in session.recoveries] == clock.sleeps


def test_without_pause_nothing_is_waited_for(step):
    with FakeClock() as clock:
        with _session(*_faults("before_run", 3)) as session:
            session.run(step)
    assert sum(clock.sleeps) == 0


@pytest.mark.parametrize("callback", ["before_run", "after_run"])
def test_the_third_repeat_of_the_same_fault_in_a_step_is_raised(step, callback):
    hook = FaultHook(*_faults(callback, 9, _aborted()))
    with pytest.raises(tf.errors.AbortedError, match="lost"):
        with _session(recovery=AT_ONCE, hooks=[hook]) as session:
            session.run(step)
    assert hook.calls[callback] == 3
    assert len(session.recoveries) == 2


def test_faults_that_differ_are_not_given_up(step):
    with _session(*_faults("before_run", 9), recovery=AT_ONCE) as session:
        assert session.run(step) == 1
    assert len(session.recoveries) == 9


def test_a_fault_that_another_one_interrupts_is_not_given_up(step):
    texts = itertools.cycle(["one", "one", "two"])
    faults = [
        Fault("before_run", n, _aborted(next(texts))) for n in range(1, 10)
    ]
    with _session(*faults, recovery=AT_ONCE) as session:
        assert session.run(step) == 1


def test_a_fault_that_a_success_interrupts_is_not_given_up(step):
    error = _aborted()
    faults = [Fault("before_run", n, error) for n in (1, 2, 4, 5, 7, 8)]
    with _session(*faults, recovery=AT_ONCE) as session:
        assert [session.run(step) for _ in range(3)] == [1, 1, 1]


def test_a_failing_creation_is_never_given_up_by_default(step):
    error = _aborted()
    creator = FaultSessionCreator(*_faults("create_session", 50, error))
    with FakeClock():
        _session(recovery=Policy(), creator=creator).close()
    assert creator.calls == {"create_session": 51}


def test_a_failing_after_create_session_is_never_given_up_by_default(step):
    hook = FaultHook(*_faults("after_create_session", 50, _aborted()))
    with FakeClock():
        _session(recovery=Policy(), hooks=[hook]).close()
    assert hook.calls["after_create_session"] == 51


def test_creations_that_fail_between_do_not_hide_a_repeated_fault(step):
    hook = FaultHook(*_faults("before_run", 9, _aborted()))
    creator = FaultSessionCreator(
        *(Fault("create_session", n) for n in (2, 4, 6, 8))
    )
    with pytest.raises(tf.errors.AbortedError, match="lost"):
        with _session(
            recovery=AT_ONCE, hooks=[hook], creator=creator
        ) as session:
            session.run(step)
    assert hook.calls["before_run"] == 3


def test_the_limit_of_attempts_raises_from_the_last_error(step):
    faults = _faults("before_run", 9)
    policy = Policy(initial_pause_secs=0, max_recoveries_without_progress=4)
    with pytest.raises(monitored_tf.RecoveryGaveUp) as raised:
        with _session(*faults, recovery=policy) as session:
            session.run(step)
    assert isinstance(raised.value, tf.errors.AbortedError)
    assert raised.value.__cause__ is faults[4].error
    assert [attempt.cause for attempt in raised.value.attempts] == [
        fault.error for fault in faults[:5]
    ]
    assert len(session.recoveries) == 4


def test_the_limit_of_attempts_holds_for_creations_too(step):
    policy = Policy(initial_pause_secs=0, max_recoveries_without_progress=4)
    creator = FaultSessionCreator(*_faults("create_session", 9))
    with pytest.raises(tf.errors.AbortedError, match="lost 5"):
        _session(recovery=policy, creator=creator)
    assert creator.calls == {"create_session": 5}


def test_the_earlier_errors_are_reachable_from_the_one_raised(step):
    faults = _faults("before_run", 3)
    policy = Policy(initial_pause_secs=0, max_recoveries_without_progress=2)
    with pytest.raises(tf.errors.AbortedError) as raised:
        with _session(*faults, recovery=policy) as session:
            session.run(step)
    seen, link = [], raised.value.__cause__
    while link is not None:
        seen.append(str(link))
        link = link.__context__
    assert seen == ["lost 3", "lost 2", "lost 1"]


def test_without_recovery_every_error_is_raised(step):
    with pytest.raises(tf.errors.AbortedError):
        with _session(Fault("before_run"), recovery=Policy.none()) as session:
            session.run(step)


def test_tensorflows_policy_recovers_for_ever_without_a_pause(step):
    error = _aborted()
    with FakeClock() as clock:
        with _session(
            *_faults("before_run", 50, error), recovery=Policy.tf()
        ) as session:
            assert session.run(step) == 1
    assert sum(clock.sleeps) == 0


def test_hooks_and_policy_hear_of_each_recovery_once_all_have_the_session(step):
    log = []
    hooks = [RecordingHook("a", log), RecordingHook("b", log)]
    policy = Policy(
        initial_pause_secs=0, on_recovery=lambda event: log.append("policy")
    )
    with _session(
        Fault("before_run", 2), recovery=policy, hooks=hooks
    ) as session:
        session.run(step)
        del log[:]
        session.run(step)
    assert log[:5] == [
        "a.after_create_session",
        "b.after_create_session",
        "policy",
        "a.on_recovery",
        "b.on_recovery",
    ]
    assert hooks[0].events == hooks[1].events == list(session.recoveries)


def test_an_event_tells_cause_attempt_pause_time_and_generation(step):
    faults = _faults("before_run", 2)
    with FakeClock():
        with _session(*faults, recovery=NO_JITTER) as session:
            session.run(step)
    assert [
        (event.cause, event.attempt, event.generation)
        for event in session.recoveries
    ] == [(faults[0].error, 1, 2), (faults[1].error, 2, 3)]
    for event, pause_secs in zip(session.recoveries, (0.1, 0.2)):
        assert event.pause_secs == pytest.approx(pause_secs)
        assert event.recovery_secs == pytest.approx(pause_secs)


def test_an_outage_counts_from_the_loss_to_the_new_session(step):
    creator = FaultSessionCreator(
        Fault("create_session", 2), Fault("create_session", 3)
    )
    with FakeClock():
        with _session(
            Fault("before_run"), recovery=NO_JITTER, creator=creator
        ) as session:
            session.run(step)
    (event,) = session.recoveries
    assert event.recovery_secs == pytest.approx(0.1 + 0.2 + 0.4)


def test_an_error_of_the_callback_is_raised_from_the_call(step):
    def fail(event):
        raise KeyError("in the callback")

    creator = FaultSessionCreator()
    policy = Policy(initial_pause_secs=0, on_recovery=fail)
    with pytest.raises(KeyError, match="in the callback"):
        with _session(
            Fault("before_run"), recovery=policy, creator=creator
        ) as session:
            session.run(step)
    for raw_session in creator.sessions:
        with pytest.raises(RuntimeError, match="closed"):
            raw_session.run(step)


def test_a_preemption_in_the_callback_starts_another_recovery(step):
    events = []

    def fail_once(event):
        events.append(event)
        if len(events) == 1:
            raise _aborted("in the callback")

    policy = Policy(initial_pause_secs=0, on_recovery=fail_once)
    with _session(Fault("before_run"), recovery=policy) as session:
        assert session.run(step) == 1
    assert [str(event.cause) for event in events] == [
        "planted by monitored_tf.testing",
        "planted by monitored_tf.testing",
    ]
    assert [event.attempt for event in events] == [1, 2]


def test_in_the_callback_the_session_shows_the_new_raw_session(step):
    creator = FaultSessionCreator()
    seen = []
    policy = Policy(
        initial_pause_secs=0,
        on_recovery=lambda event: seen.append(session.raw_session()),
    )
    with _session(
        Fault("before_run"), recovery=policy, creator=creator
    ) as session:
        session.run(step)
    assert seen == [creator.sessions[1]]


def test_the_callback_may_run_the_session(step):
    seen = []
    policy = Policy(
        initial_pause_secs=0,
        on_recovery=lambda event: seen.append(session.run(step, hooks=())),
    )
    with _session(Fault("before_run"), recovery=policy) as session:
        assert session.run(step) == 2
    assert seen == [1]


def test_without_hooks_a_run_recovers_too(graph):
    lost = []

    def lose_once():
        if not lost:
            lost.append(True)
            raise RuntimeError("lost in the graph")
        return 7

    fetched = v1.py_func(lose_once, [], tf.int64)
    # What the kernel makes of an error of Python.
    policy = Policy(errors=(tf.errors.UnknownError,), initial_pause_secs=0)
    with _session(Fault("before_run"), recovery=policy) as session:
        assert session.run(fetched, hooks=()) == 7
        assert len(session.recoveries) == 1


def test_threads_that_share_a_session_recover_it_once(step):
    count = 4
    all_in_step = threading.Barrier(count)
    results = []

    def step_fn(step_context):
        if step_context.session is first:
            all_in_step.wait()
            raise _aborted()
        return step_context.session.run(step)

    with _session() as session:
        first = session.raw_session()
        threads = [
            threading.Thread(
                target=lambda: results.append(session.run_step_fn(step_fn))
            )
            for _ in range(count)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(session.recoveries) == 1
        # What each saw is a race: a value is read after others were added.
        assert len(results) == 4
        assert session.run(step) == 5


class _Coordinators(RecordingHook):
    """Keeps the coordinators, as a hook that starts threads does."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def after_create_session(self, session, coord):
        self.seen.append(coord)

    def die_of(self, error):
        """Reports an error to the newest one, as a thread would."""
        self.seen[-1].request_stop((type(error), error, None))


def test_a_thread_that_dies_of_a_preemption_recovers_should_stop(step):
    coords = _Coordinators()
    with _session(hooks=[coords]) as session:
        coords.die_of(_aborted("in a thread"))
        assert not session.should_stop()
        assert session.run(step) == 1
    assert [str(e.cause) for e in session.recoveries] == ["in a thread"]


def test_a_threads_preemption_is_raised_for_the_errors_it_caused(step):
    coords = _Coordinators()

    def step_fn(step_context):
        if not session.recoveries:
            coords.die_of(_aborted("the root cause"))
            step_context.run_with_hooks("none:0")
        return step_context.session.run(step)

    with _session(hooks=[coords]) as session:
        assert session.run_step_fn(step_fn) == 1
    assert [str(e.cause) for e in session.recoveries] == ["the root cause"]


def test_a_threads_error_of_the_policys_own_is_the_root_cause_too(step):
    coords = _Coordinators()

    def step_fn(step_context):
        if not session.recoveries:
            coords.die_of(ZeroDivisionError("the root cause"))
            step_context.run_with_hooks("none:0")
        return step_context.session.run(step)

    policy = Policy(errors=(ZeroDivisionError,), initial_pause_secs=0)
    with _session(recovery=policy, hooks=[coords]) as session:
        assert session.run_step_fn(step_fn) == 1


def test_a_thread_that_always_dies_is_given_up_by_should_stop(step):
    coords = _Coordinators()
    policy = Policy(max_repeats=None, max_recoveries_without_progress=5)
    with FakeClock():
        session = _session(recovery=policy, hooks=[coords])
        for _ in range(5):
            coords.die_of(_aborted("in a thread"))
            assert not session.should_stop()
        coords.die_of(_aborted("in a thread"))
        assert session.should_stop()
        for call in (lambda: session.run(step), session.close):
            with pytest.raises(tf.errors.AbortedError, match="in a thread"):
                call()
    assert len(session.recoveries) == 5


def test_a_session_closed_in_its_step_is_not_made_again(step):
    creator = FaultSessionCreator()

    def step_fn(step_context):
        session.close()
        if len(creator.sessions) == 1:
            raise _aborted("after the close")

    session = _session(creator=creator)
    with pytest.raises((tf.errors.AbortedError, RuntimeError)):
        session.run_step_fn(step_fn)
    assert len(creator.sessions) == 1


def test_a_request_to_stop_outlives_the_recovery(step):
    class StopsAndIsLost(RecordingHook):
        def after_run(self, run_context, run_values):
            run_context.request_stop()

    hooks = [StopsAndIsLost()]
    with _session(Fault("before_run", 2), hooks=hooks) as session:
        session.run(step)
        with pytest.raises(monitored_tf.StopRequestedError):
            session.run(step)
        assert session.should_stop()


def test_an_event_tells_the_steps_lost_and_that_it_is_from_scratch(step):
    with _session(Fault("before_run", 3)) as session:
        assert [session.run(step) for _ in range(3)] == [1, 2, 1]
    (event,) = session.recoveries
    assert (event.step_before, event.step_after, event.steps_lost) == (2, 0, 2)
    assert (event.state, event.checkpoint) == ("initialized", None)


def test_an_event_names_the_checkpoint_that_was_restored(step, tmp_path):
    with monitored_tf.MonitoredTrainingSession(
        checkpoint_dir=str(tmp_path),
        save_checkpoint_steps=2,
        hooks=[FaultHook(Fault("before_run", 5))],
        recovery=FOR_EVER,
    ) as session:
        assert [session.run(step) for _ in range(5)][-1] > 1
    (event,) = session.recoveries
    assert event.state == "restored"
    assert event.checkpoint == str(tmp_path / f"model.ckpt-{event.step_after}")
    assert event.steps_lost == event.step_before - event.step_after


def test_one_warning_tells_of_a_recovery(step, monkeypatch):
    lines = []
    monkeypatch.setattr(
        logging, "warning", lambda text, *args: lines.append(text % args)
    )
    with _session(Fault("before_run", 3)) as session:
        for _ in range(3):
            session.run(step)
    (line,) = lines
    assert "AbortedError: planted" in line
    assert "2 steps lost, FROM SCRATCH" in line


def test_a_long_outage_is_told_of_once_a_second(step, monkeypatch):
    lines = []
    monkeypatch.setattr(
        logging,
        "log",
        lambda level, text, *args, **_: (
            lines.append(text % args) if level == logging.WARNING else None
        ),
    )
    creator = FaultSessionCreator(*_faults("create_session", 60))
    with FakeClock() as clock:
        began = clock.now
        _session(recovery=NO_JITTER, creator=creator).close()
        outage_secs = clock.now - began
    assert outage_secs > 25
    assert len(lines) <= outage_secs + 1
    assert "No session yet after" in lines[0]


def test_a_required_checkpoint_that_is_missing_is_an_error(step):
    creator = monitored_tf.ChiefSessionCreator(require_checkpoint=True)
    with pytest.raises(monitored_tf.CheckpointRequiredError):
        with _session(Fault("before_run", 2), creator=creator) as session:
            session.run(step)
            session.run(step)


def test_an_outage_that_takes_too_long_is_given_up(step):
    creator = FaultSessionCreator(*_faults("create_session", 999))
    policy = Policy(jitter=0, max_recovery_secs=30)
    with FakeClock() as clock:
        began = clock.now
        with pytest.raises(monitored_tf.RecoveryGaveUp, match="more than 30 s"):
            _session(recovery=policy, creator=creator)
        assert 30 <= clock.now - began < 32


def test_a_fault_that_waits_at_a_step_behind_a_checkpoint_is_given_up(
    step, tmp_path
):
    class Poisoned(monitored_tf.SessionRunHook):
        def after_run(self, run_context, run_values):
            if run_context.session.run(v1.train.get_global_step()) == 5:
                raise _aborted("poison")

    with pytest.raises(monitored_tf.RecoveryGaveUp, match="3 times") as raised:
        with monitored_tf.MonitoredTrainingSession(
            checkpoint_dir=str(tmp_path),
            save_checkpoint_steps=2,
            hooks=[Poisoned()],
            recovery=AT_ONCE,
        ) as session:
            while True:
                session.run(step)
    assert [attempt.step for attempt in raised.value.attempts][-1] == 5
    assert len(session.recoveries) == 2


def _blocked_until_fed():
    queue = tf.queue.FIFOQueue(10, [tf.int32], shapes=[[]])
    return queue, queue.dequeue(), queue.enqueue(7)


def test_a_step_that_hangs_is_recovered_from(graph):
    _, read, feed = _blocked_until_fed()

    class FeedsTheSecond(monitored_tf.SessionRunHook):
        sessions = 0

        def after_create_session(self, session, coord):
            self.sessions += 1
            if self.sessions == 2:
                session.run(feed)

    policy = Policy(initial_pause_secs=0, step_timeout_secs=0.05)
    with _session(recovery=policy, hooks=[FeedsTheSecond()]) as session:
        assert session.run(read) == 7
    (event,) = session.recoveries
    assert isinstance(event.cause, tf.errors.DeadlineExceededError)


def test_a_prepared_step_that_hangs_is_recovered_from_too(graph):
    _, read, feed = _blocked_until_fed()

    class FeedsEach(monitored_tf.SessionRunHook):
        def after_create_session(self, session, coord):
            for _ in range(4):
                session.run(feed)

    policy = Policy(initial_pause_secs=0, step_timeout_secs=0.05)
    with _session(recovery=policy, hooks=[FeedsEach()]) as session:
        assert [session.run(read) for _ in range(5)] == [7] * 5
    assert len(session.recoveries) == 1


def test_a_time_limit_of_the_callers_own_is_an_error_of_the_callers(graph):
    _, read, _ = _blocked_until_fed()
    options = v1.RunOptions(timeout_in_ms=20)
    with pytest.raises(tf.errors.DeadlineExceededError):
        with _session(recovery=Policy(step_timeout_secs=9)) as session:
            session.run(read, options=options)
    assert session.recoveries == ()


def test_a_run_cut_off_by_another_threads_recovery_is_run_again(graph):
    _, read, feed = _blocked_until_fed()
    blocked = threading.Event()

    class LosesItWhenBlocked(monitored_tf.SessionRunHook):
        sessions = 0

        def after_create_session(self, session, coord):
            self.sessions += 1
            if self.sessions == 2:
                session.run(feed)

        def before_run(self, run_context):
            if run_context.original_args.fetches is read:
                blocked.set()
            elif self.sessions == 1:
                raise _aborted()

    other = tf.constant(1)
    results = []
    with _session(hooks=[LosesItWhenBlocked()]) as session:
        thread = threading.Thread(
            target=lambda: results.append(session.run(read))
        )
        thread.start()
        assert blocked.wait(60)
        assert session.run(other) == 1
        thread.join(60)
    assert results == [7]
    assert len(session.recoveries) == 1


class _NeverJoins(monitored_tf.SessionRunHook):
    """Has a thread that stops only when told to."""

    def __init__(self):
        self.go_on = threading.Event()

    def after_create_session(self, session, coord):
        thread = threading.Thread(
            target=self.go_on.wait, args=(60,), name="stubborn", daemon=True
        )
        coord.register_thread(thread)
        thread.start()


@pytest.fixture
def stubborn():
    hook = _NeverJoins()
    yield hook
    hook.go_on.set()


def _graces(monkeypatch):
    """Returns the list of the seconds that threads are given to stop."""
    graces = []
    join = v1.train.Coordinator.join

    def record(self, threads=None, stop_grace_period_secs=120, **kwargs):
        graces.append(stop_grace_period_secs)
        return join(self, threads, 0.01, **kwargs)

    monkeypatch.setattr(v1.train.Coordinator, "join", record)
    return graces


def test_threads_have_five_seconds_unless_more_was_asked(
    step, stubborn, monkeypatch
):
    graces = _graces(monkeypatch)
    for kwargs in ({}, {"stop_grace_period_secs": 120}):
        monitored_tf.MonitoredSession(hooks=[stubborn], **kwargs).close()
    monitored_tf.MonitoredSession(
        hooks=[stubborn], stop_grace_period_secs=2
    ).close()
    assert graces == [5, 120, 2]


def test_a_recovery_and_the_report_of_an_error_wait_five_seconds_at_most(
    step, stubborn, monkeypatch
):
    graces = _graces(monkeypatch)
    with pytest.raises(KeyError):
        with monitored_tf.MonitoredSession(
            hooks=[stubborn, FaultHook(Fault("before_run"))],
            stop_grace_period_secs=120,
        ) as session:
            session.run(step)
            raise KeyError
    assert graces == [5, 5]


def test_threads_that_do_not_stop_are_named(step, stubborn, monkeypatch):
    lines = []
    monkeypatch.setattr(
        logging, "warning", lambda text, *args: lines.append(text % args)
    )
    monitored_tf.MonitoredSession(
        hooks=[stubborn], stop_grace_period_secs=0.01
    ).close()
    assert lines == [
        "Threads that did not stop in 0.0 s are left behind: stubborn"
    ]


@pytest.mark.parametrize(
    "error", [tf.errors.OutOfRangeError(None, None, "end"), StopIteration()]
)
def test_an_end_of_data_while_a_session_is_made_again_is_an_error(
    step, tmp_path, error
):
    faults = FaultHook(
        Fault("before_run", 2), Fault("after_create_session", 2, error)
    )
    log = RecordingHook("log")
    with pytest.raises(type(error)):
        with monitored_tf.MonitoredTrainingSession(
            checkpoint_dir=str(tmp_path), hooks=[faults, log]
        ) as session:
            session.run(step)
            session.run(step)
    assert "log.end" not in log.calls
    assert session.stop_reason.kind == "error"


def test_a_step_that_its_own_checkpoint_holds_is_not_run_again(step, tmp_path):
    with monitored_tf.MonitoredTrainingSession(
        checkpoint_dir=str(tmp_path),
        save_checkpoint_steps=1,
        hooks=[FaultHook(Fault("after_run", 2))],
    ) as session:
        assert [session.run(step) for _ in range(3)] == [1, 2, 3]
    assert session.recoveries[0].steps_lost == 0


def test_a_step_that_an_earlier_checkpoint_does_not_hold_is_run_again(
    graph, tmp_path
):
    v1.train.create_global_step()  # It does not move.
    total = v1.get_variable("total", initializer=0, use_resource=True)
    add = v1.assign_add(total, 1)
    with monitored_tf.MonitoredTrainingSession(
        checkpoint_dir=str(tmp_path), hooks=[FaultHook(Fault("after_run", 1))]
    ) as session:
        os.utime(tmp_path / "model.ckpt-0.index", (1e9, 1e9))
        assert [session.run(add) for _ in range(2)] == [1, 2]
