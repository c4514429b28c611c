"""What is in flight when a save, a recovery, an error or a signal comes."""

import os
import signal
import threading

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import scratch_folder
from monitored_tf.hooks.preemption_hook import PreemptionHook
from monitored_tf.hooks.save_once import save_once
from monitored_tf.testing import Fault, FaultHook
from tests.hooks import background_saves as saves

v1 = tf.compat.v1
pytestmark = pytest.mark.usefixtures("scratch")


def test_a_save_that_is_asked_for_waits_for_the_one_in_flight(
    step, folder, gate
):
    listener = saves.Listener()
    with saves.session([saves.hook(folder, listeners=[listener])]) as session:
        gate.shut()
        for _ in range(3):
            session.run(step)
        threading.Timer(0.05, gate.open).start()
        session.save()
        assert saves.steps(folder) == [0, 2, 3]
        assert listener.log[2:] == [
            "before 2",
            "after 2",
            "before 3",
            "after 3",
        ]


def test_a_save_into_the_same_folder_waits_too(step, folder, gate):
    with saves.session([saves.hook(folder)]) as session:
        gate.shut()
        for _ in range(3):
            session.run(step)
        threading.Timer(0.05, gate.open).start()
        session.save(folder)
        assert saves.steps(folder) == [0, 2, 3]


def test_what_is_in_flight_is_not_saved_once_more(step, folder, gate):
    listener = saves.Listener()
    hook = saves.hook(folder, listeners=[listener])
    with saves.session([hook]) as session:
        gate.shut()
        for _ in range(2):
            session.run(step)
        threading.Timer(0.05, gate.open).start()
        said = save_once(session.raw_session(), hook)
        assert said == f"step 2 is saved to {folder / 'model.ckpt-2'}"
        assert listener.log[2:] == ["before 2", "after 2"]


def test_a_failed_save_in_flight_does_not_keep_a_newer_one(
    step, folder, gate, caplog
):
    hook = saves.hook(folder)
    with saves.session([hook]) as session:
        gate.shut()
        for _ in range(3):
            session.run(step)
        saves.put_in_the_way(folder, 2)
        threading.Timer(0.05, gate.open).start()
        said = save_once(session.raw_session(), hook)
        assert said == f"step 3 is saved to {folder / 'model.ckpt-3'}"
    assert "The checkpoint before was not saved" in caplog.text


def test_a_recovery_goes_on_from_what_was_in_flight(step, folder, gate):
    listener = saves.Listener()
    hooks = [
        saves.hook(folder, 3, max_to_keep=1, listeners=[listener]),
        FaultHook(Fault("before_run", 5)),
    ]
    recovery = monitored_tf.RecoveryPolicy(initial_pause_secs=0)
    with saves.session(hooks, folder, recovery=recovery) as session:
        gate.shut()
        for _ in range(4):
            session.run(step)
        threading.Timer(0.2, gate.open).start()
        assert session.run(step) == 4
        assert session.recoveries[0].step_after == 3
    assert listener.log == [
        f"{when} {number}"
        for number in (0, 3, 3, 4)
        for when in ("before", "after")
    ]


def test_an_error_in_the_loop_waits_for_what_is_in_flight(step, folder, gate):
    listener = saves.Listener()
    with pytest.raises(ZeroDivisionError):
        with saves.session(
            [saves.hook(folder, listeners=[listener])]
        ) as session:
            gate.shut()
            for _ in range(3):
                session.run(step)
            threading.Timer(0.05, gate.open).start()
            raise ZeroDivisionError
    assert saves.steps(folder) == [0, 2]
    assert listener.log[-1] == "after 2"


def _preemptible(folder, *listeners):
    hook = saves.hook(folder, listeners=listeners)
    return saves.session([hook, PreemptionHook(hook)])


def test_a_signal_waits_for_what_is_in_flight_and_saves(step, folder, gate):
    with pytest.raises(monitored_tf.errors.Preempted) as caught:
        with _preemptible(folder) as session:
            gate.shut()
            for _ in range(3):
                session.run(step)
            threading.Timer(0.2, gate.open).start()
            os.kill(os.getpid(), signal.SIGTERM)
            while True:
                session.run(step)
    last = saves.steps(folder)[-1]
    assert saves.steps(folder) == [0, 2, last]
    assert f"step {last} is saved" in str(caught.value)


def test_a_signal_in_a_blocked_run_takes_nothing_in_flight_for_saved(
    step, folder, gate
):
    listener = saves.Listener()
    blocked = v1.FIFOQueue(1, tf.int64).dequeue()
    with pytest.raises(monitored_tf.errors.Preempted) as caught:
        with _preemptible(folder, listener) as session:
            gate.shut()
            for _ in range(2):
                session.run(step)
            assert gate.reached.wait(10)
            threading.Timer(1.5, gate.open).start()
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
            session.run(blocked)
    assert "step 2 is saved" in str(caught.value)
    assert saves.steps(folder)[-1] == 2
    assert listener.log[2:4] == ["before 2", "after 2"]


def test_what_a_killed_save_put_aside_is_removed_by_any_later_hook(
    step, folder, scratch
):
    name = f"{scratch_folder._prefix()}1-abc"  # Nobody holds its lock.
    (scratch / name).mkdir()
    with saves.session([saves.hook(folder, async_save=False)]) as session:
        session.run(step)
    assert not (scratch / name).exists()
