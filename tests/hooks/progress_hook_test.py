"""A line with the step, steps per second and the time left."""

import io

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.hooks.progress_hook import progress_line
from monitored_tf.testing import FakeClock, Fault, FaultHook

v1 = tf.compat.v1


class _Terminal(io.StringIO):
    def isatty(self):
        return True


def _train(step, stream, secs, more_hooks=(), **kwargs):
    """Runs one step after each of so many seconds; returns what is printed."""
    hook = monitored_tf.ProgressHook(stream=stream, **kwargs)
    with FakeClock() as clock:
        with monitored_tf.MonitoredSession(
            hooks=[hook, *more_hooks],
            recovery=monitored_tf.RecoveryPolicy.tf(),
        ) as session:
            for pause in secs:
                clock.advance(pause)
                session.run(step)
    return stream.getvalue()


def test_a_line_is_printed_when_it_is_due_and_at_the_end(step):
    printed = _train(step, io.StringIO(), [0.5] * 5, last_step=10)
    assert printed.splitlines() == [
        "step 2 of 10 (20%), 2.0 steps/s, 0:04 left",
        "step 4 of 10 (40%), 2.0 steps/s, 0:03 left",
        "step 5 of 10 (50%), 2.0 steps/s, 0:02 left",
    ]


def test_the_rate_is_that_since_the_line_before(step):
    printed = _train(step, io.StringIO(), [1.0, 0.25, 1.75], every_n_secs=1)
    assert printed.splitlines() == [
        "step 1, 1.0 steps/s",
        "step 3, 1.0 steps/s",
    ]


def test_the_line_may_come_less_often(step):
    printed = _train(step, io.StringIO(), [1.0] * 4, every_n_secs=3)
    assert printed.splitlines() == [
        "step 3, 1.0 steps/s",
        "step 4, 1.0 steps/s",
    ]


def test_with_no_time_between_every_step_is_shown(step):
    printed = _train(step, io.StringIO(), [0.5] * 2, every_n_secs=0)
    assert printed.splitlines() == [
        "step 1, 2.0 steps/s",
        "step 2, 2.0 steps/s",
    ]


def test_on_a_terminal_the_line_is_written_over_itself(step):
    printed = _train(step, _Terminal(), [1.0] * 2)
    assert printed == (
        "\rstep 1, 1.0 steps/s\033[K\rstep 2, 1.0 steps/s\033[K\n"
    )


def test_without_steps_nothing_is_printed(step):
    assert _train(step, io.StringIO(), []) == ""
    assert _train(step, _Terminal(), []).strip() == ""


def test_a_resumed_training_counts_from_its_step(step, tmp_path):
    with monitored_tf.MonitoredSession() as session:
        for _ in range(5):
            session.run(step)
        session.save(str(tmp_path))
    stream = io.StringIO()
    hook = monitored_tf.ProgressHook(last_step=10, stream=stream)
    creator = monitored_tf.ChiefSessionCreator(checkpoint_dir=str(tmp_path))
    with FakeClock() as clock:
        with monitored_tf.MonitoredSession(creator, [hook]) as session:
            clock.advance(1)
            session.run(step)
    assert stream.getvalue() == "step 6 of 10 (60%), 1.0 steps/s, 0:04 left\n"


def test_after_a_recovery_the_rate_counts_from_the_restored_step(step):
    faults = FaultHook(Fault("before_run", 3))
    printed = _train(step, io.StringIO(), [1.0] * 4, more_hooks=[faults])
    assert printed.splitlines() == [
        "step 1, 1.0 steps/s",
        "step 2, 1.0 steps/s",
        "step 2, 2.0 steps/s",
    ]


class _TakesOneSecond(monitored_tf.SessionRunHook):
    def __init__(self, clock):
        self.clock = clock

    def after_run(self, run_context, run_values):
        self.clock.advance(1)


def test_neither_an_outage_nor_a_rollback_spoils_the_rate(step, tmp_path):
    stream = io.StringIO()
    scaffold = v1.train.Scaffold()
    clock = FakeClock()
    hooks = [
        _TakesOneSecond(clock),
        monitored_tf.ProgressHook(20, every_n_secs=2, stream=stream),
        monitored_tf.CheckpointSaverHook(
            str(tmp_path), save_steps=4, scaffold=scaffold
        ),
        FaultHook(Fault("before_run", 8)),
    ]
    creator = monitored_tf.ChiefSessionCreator(
        scaffold, checkpoint_dir=str(tmp_path)
    )
    outage = monitored_tf.RecoveryPolicy(
        initial_pause_secs=1000, max_pause_secs=1000
    )
    with (
        clock,
        monitored_tf.MonitoredSession(
            creator, hooks, recovery=outage
        ) as session,
    ):
        for _ in range(12):  # From 7 back to 4.
            session.run(step)
    lines = stream.getvalue().splitlines()
    assert [line.split()[1] for line in lines] == ["2", "4", "6", "6", "8", "9"]
    assert all("1.0 steps/s" in line for line in lines)


def test_it_prints_to_standard_output_by_default(step, capsys):
    hook = monitored_tf.ProgressHook(every_n_secs=0)
    with FakeClock() as clock:
        with monitored_tf.MonitoredSession(hooks=[hook]) as session:
            clock.advance(2)
            session.run(step)
    assert capsys.readouterr().out == "step 1, 0.5 steps/s\n"


def test_it_needs_a_global_step(graph):
    hook = monitored_tf.ProgressHook()
    with pytest.raises(RuntimeError, match="get_or_create_global_step"):
        monitored_tf.MonitoredSession(hooks=[hook])


def test_negative_seconds_are_refused():
    with pytest.raises(ValueError, match="Got -1"):
        monitored_tf.ProgressHook(every_n_secs=-1)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((5, None, 2.0), "step 5, 2.0 steps/s"),
        ((5, 10, 0.1), "step 5 of 10 (50%), 0.1 steps/s, 0:50 left"),
        ((1, 61, 1.0), "step 1 of 61 (2%), 1.0 steps/s, 1:00 left"),
        ((0, 3661, 1.0), "step 0 of 3661 (0%), 1.0 steps/s, 1:01:01 left"),
        (
            (0, 360000, 1.0),
            "step 0 of 360000 (0%), 1.0 steps/s, 100:00:00 left",
        ),
        ((10, 10, 2.0), "step 10 of 10 (100%), 2.0 steps/s"),
        ((12, 10, 2.0), "step 12 of 10 (120%), 2.0 steps/s"),
        ((5, 10, 0.0), "step 5 of 10 (50%), 0.0 steps/s"),
        ((0, 0, 1.0), "step 0 of 0 (0%), 1.0 steps/s"),
    ],
)
def test_the_time_left_is_shown_where_it_is_known(arguments, line):
    assert progress_line(*arguments) == line
