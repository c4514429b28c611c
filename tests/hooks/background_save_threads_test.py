"""Threads of saves in the background: interrupts, signals, none at all."""

import os
import signal
import threading

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.hooks.preemption_hook import PreemptionHook
from monitored_tf.hooks.save_once import save_once
from tests.hooks import background_saves as saves

v1 = tf.compat.v1
pytestmark = pytest.mark.usefixtures("scratch")


def test_a_writer_is_known_after_an_interrupted_wait(step, folder, gate):
    hook = saves.hook(folder)
    with saves.session([hook]) as session:
        gate.shut()
        for _ in range(3):
            session.run(step)
        assert gate.reached.wait(10)
        kill = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        kill.start()
        with pytest.raises(KeyboardInterrupt):
            hook.finish_save(session.raw_session())
        kill.join()
        threading.Timer(0.2, gate.open).start()
        session.save()
        assert saves.steps(folder) == [0, 2, 3]


def test_a_writer_stays_due_after_an_interrupted_wait(step, folder, gate):
    listener = saves.Listener()
    hook = saves.hook(folder, 3, listeners=[listener])
    with saves.session([hook]) as session:
        gate.shut()
        for _ in range(3):
            session.run(step)
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            hook.finish_save(session.raw_session())
        gate.open()
        for thread in threading.enumerate():
            if "save of" in thread.name:
                thread.join()
        session.run(step)
        assert listener.log[-1] == "after 3"


class BlockedListener(saves.Listener):
    """Blocks in its first `after_save` of a step until another one came."""

    def __init__(self, step, act):
        super().__init__()
        self._step = step
        self._act = act
        self.was_saved = None
        self._others = threading.Event()

    def after_save(self, session, global_step_value):
        super().after_save(session, global_step_value)
        if global_step_value < self._step:
            return
        if self.was_saved is not None:
            self._others.set()
            return
        self.was_saved = False
        self._act(session)
        self.was_saved = self._others.wait(10)


def _run_to_settle(session, step, gate):
    """Saves step 2 in the background, and is told of it at step 4."""
    gate.shut()
    for _ in range(3):
        session.run(step)
    gate.open()
    session.run(step)


def test_a_save_of_another_thread_waits_for_no_listener(step, folder, gate):
    def save_elsewhere(session):
        threading.Thread(target=save_once, args=(session, hook, True)).start()

    listener = BlockedListener(2, save_elsewhere)
    hook = saves.hook(folder, listeners=[listener])
    with saves.session([hook]) as session:
        _run_to_settle(session, step, gate)
    assert listener.was_saved


def test_a_signal_in_a_blocked_listener_saves(step, folder, gate):
    def kill(session):
        os.kill(os.getpid(), signal.SIGTERM)

    listener = BlockedListener(2, kill)
    hook = saves.hook(folder, listeners=[listener])
    hooks = [hook, PreemptionHook(hook, grace_secs=0.1)]
    with pytest.raises(monitored_tf.errors.Preempted) as caught:
        with saves.session(hooks) as session:
            _run_to_settle(session, step, gate)
            session.run(step)
    assert listener.was_saved
    assert "is saved" in str(caught.value)


@pytest.fixture
def started(monkeypatch):
    """Names of the threads that were started to save."""
    names = []
    start = threading.Thread.start

    def noted(thread):
        if "save of" in thread.name:
            names.append(thread.name)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", noted)
    return names


def test_a_save_that_is_waited_for_needs_no_thread(step, folder, started):
    with saves.session([saves.hook(folder, 3)]) as session:
        session.run(step)
        session.save()
        session.run(step)
    assert saves.steps(folder) == [0, 1, 2]
    assert started == []


def test_without_a_thread_training_waits_for_the_save(
    step, folder, monkeypatch, caplog
):
    start = threading.Thread.start

    def refused(thread):
        if "save of" in thread.name:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refused)
    listener = saves.Listener()
    with saves.session([saves.hook(folder, listeners=[listener])]) as session:
        for _ in range(3):
            session.run(step)
        assert saves.steps(folder) == [0, 2]
        assert listener.log[-1] == "after 2"
    assert "Training waits while step 2 is saved" in caplog.text
