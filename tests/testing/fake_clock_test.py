"""A clock that moves only when told to."""

import threading
import time

import pytest

import monitored_tf
from monitored_tf.testing import FakeClock, Fault, FaultHook

READINGS = ("time", "monotonic", "perf_counter")


def _readings():
    return [getattr(time, name)() for name in READINGS]


def test_all_readings_are_its_own():
    with FakeClock(now=5.0):
        assert _readings() == [5.0] * 3


def test_it_stands_still_until_it_is_advanced():
    with FakeClock(now=5.0) as clock:
        assert time.time() == time.time() == 5.0
        clock.advance(2.5)
        assert _readings() == [7.5] * 3
        assert clock.now == 7.5


def test_a_sleep_moves_it_on_and_is_written_down():
    with FakeClock(now=5.0) as clock:
        time.sleep(3600)
        time.sleep(0)
        assert time.monotonic() == 3605.0
    assert clock.sleeps == [3600, 0]


def test_it_goes_forward_only():
    with FakeClock(now=5.0) as clock:
        with pytest.raises(ValueError, match="Got -1"):
            clock.advance(-1)
        assert clock.now == 5.0


def test_a_negative_sleep_is_the_value_error_of_the_real_one():
    with FakeClock() as clock, pytest.raises(ValueError, match="forward"):
        time.sleep(-1)
    assert clock.now == 1_000_000.0


def test_a_sleep_that_fails_is_not_written_down():
    with FakeClock() as clock, pytest.raises(ValueError, match="forward"):
        time.sleep(-1)
    assert clock.sleeps == []


def test_other_threads_read_it_too():
    read = []
    with FakeClock(now=5.0):
        thread = threading.Thread(target=lambda: read.extend(_readings()))
        thread.start()
        thread.join()
    assert read == [5.0] * 3


def test_after_its_block_the_real_functions_are_back():
    real = [getattr(time, name) for name in (*READINGS, "sleep")]
    with pytest.raises(KeyError), FakeClock():
        raise KeyError
    assert [getattr(time, name) for name in (*READINGS, "sleep")] == real


def test_clocks_nest():
    with FakeClock(now=1.0):
        with FakeClock(now=2.0):
            assert time.time() == 2.0
        assert time.time() == 1.0


def test_a_clock_may_be_used_again():
    clock = FakeClock(now=1.0)
    for expected in (1.0, 2.0):
        with clock:
            assert time.time() == expected
            clock.advance(1)


def test_timers_of_tensorflows_hooks_follow_it():
    with FakeClock() as clock:
        timer = monitored_tf.SecondOrStepTimer(every_secs=60)
        timer.update_last_triggered_step(1)
        assert not timer.should_trigger_for_step(2)
        clock.advance(60)
        assert timer.should_trigger_for_step(2)


def test_pauses_before_a_recovery_follow_it(step):
    hooks = [FaultHook(Fault("before_run"))]
    policy = monitored_tf.RecoveryPolicy(
        initial_pause_secs=100, max_pause_secs=100, jitter=0
    )
    with FakeClock() as clock:
        with monitored_tf.MonitoredSession(
            hooks=hooks, recovery=policy
        ) as session:
            session.run(step)
    assert clock.sleeps == [100]


def test_threads_that_a_session_waits_for_get_real_time(graph):
    class TakesItsTime(monitored_tf.SessionRunHook):
        def after_create_session(self, session, coord):
            self.thread = threading.Thread(target=self._stop, args=(coord,))
            coord.register_thread(self.thread)
            self.thread.start()

        def _stop(self, coord):
            coord.wait_for_stop()
            threading.Event().wait(0.2)

    hook = TakesItsTime()
    with FakeClock(now=0.0) as clock:
        with monitored_tf.MonitoredSession(hooks=[hook]):
            pass
        assert not hook.thread.is_alive()
    assert (clock.now, clock.sleeps) == (0.0, [])


def test_a_clock_that_runs_cannot_be_started_again():
    with FakeClock() as clock, pytest.raises(RuntimeError, match="already"):
        clock.__enter__()
    assert time.sleep.__module__ == "time"
