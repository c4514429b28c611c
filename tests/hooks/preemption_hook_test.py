"""The hook that saves and stops at signals: real signals, real processes."""

import contextlib
import os
import signal
import time

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import errors
from monitored_tf.hooks.preemption_hook import PreemptionHook
from monitored_tf.testing import LocalCluster
from tests.hooks import preemption_roles as roles

SIGTERM_CODE = 128 + signal.SIGTERM


class Program:
    """One that trains in `folder`, until a signal comes."""

    def __init__(self, cluster, folder):
        self._cluster = cluster
        self._folder = folder
        self.wait_for = cluster.wait_for_output
        self.sent = 0.0

    def send(self, number=signal.SIGTERM, times=1, pause_secs=0.0):
        self.sent = time.monotonic()
        for _ in range(times):
            os.kill(self._cluster.pid("worker"), number)
            time.sleep(pause_secs)

    def signal_at(self, pattern, *signals, **how):
        self.wait_for(pattern, "worker")
        self.send(*signals, **how)
        return self.wait()

    def wait(self):
        code = self._cluster.wait("worker")
        self.secs = time.monotonic() - self.sent
        print(f"{self.secs:.2f} s\n{self.output}")
        return code

    @property
    def output(self):
        return self._cluster.output("worker")

    def saved(self):
        """Returns the step and the variable of the last checkpoint."""
        path = tf.train.latest_checkpoint(self._folder)
        reader = tf.train.load_checkpoint(path)
        return [int(reader.get_tensor(n)) for n in ("global_step", "twin")]

    def last_step(self):
        return int(self.output.rpartition("step ")[2].split()[0])


@pytest.fixture
def run(tmp_path):
    """Starts a program that does what a function of the roles says."""
    with contextlib.ExitStack() as stack:

        def start(act, **options):
            folder = str(tmp_path / "model")
            if act not in ("work", "wait_for_chief"):
                options["folder"] = folder
            cluster = LocalCluster(
                {"worker": 1},
                roles.play,
                ({"act": act, **options},),
                life_secs=30,
            )
            return Program(stack.enter_context(cluster), folder)

        yield start


def steps_said(output):
    said = [s for s in output.splitlines() if s.startswith("step ")]
    return [int(line.split()[1]) for line in said]


@pytest.mark.parametrize("library", ["monitored_tf", "tf"])
def test_a_signal_saves_and_stops_at_the_end_of_the_step(run, library):
    program = run("train", library=library, recorder="other")
    assert program.signal_at(roles.TEN_STEPS) == SIGTERM_CODE
    last = steps_said(program.output)[-1]
    assert program.saved() == [last, last]
    assert program.output.count(f"listener: {last}") == 1
    assert "reason:" not in program.output  # It does not go on after that.
    assert program.secs < 3


def test_the_stop_reason_names_the_signal(run):
    program = run("train", raises=False)
    assert program.signal_at(roles.TEN_STEPS) == 0
    assert "reason: a signal asked for it: SIGTERM" in program.output


def test_the_hooks_end_after_a_stop_between_two_steps(run):
    program = run("end_of_hooks")
    assert program.signal_at(roles.TEN_STEPS) == SIGTERM_CODE
    assert "last call: log.close" in program.output
    assert "ended: 1" in program.output


def test_a_run_after_the_stop_raises_it_too(run):
    program = run("train", then="ignore_should_stop", raises=False)
    assert program.signal_at(roles.TEN_STEPS) == SIGTERM_CODE
    assert program.saved() == [10, 10]


@pytest.mark.parametrize("library", ["monitored_tf", "tf"])
def test_a_blocked_run_is_saved_and_freed(run, library):
    program = run("train", then="block", library=library)
    assert program.signal_at(roles.WAITS) == SIGTERM_CODE
    assert program.saved() == [10, 10]
    # The grace of 1 s, the save, and a factor for a busy machine.
    assert program.secs < 4


def test_what_hooks_took_is_not_waited_for(run):
    program = run("train", then="block_after_a_slow_hook", grace_secs=0.2)
    assert program.signal_at(roles.WAITS) == SIGTERM_CODE
    assert program.saved() == [11, 11]
    assert program.secs < 4


def test_a_hook_that_hangs_after_its_run_tears_no_step(run):
    program = run("train", then="hang_in_hook", grace_secs=0.2)
    program.wait_for(roles.WAITS, "worker")
    time.sleep(0.5)  # It is in the hook then.
    program.send()
    assert program.wait() == SIGTERM_CODE
    assert program.saved() == [11, 11]
    assert "does not end" not in program.output


def test_a_blocked_run_of_a_cluster_is_saved_and_freed(run):
    program = run("train", then="block", master="local server", grace_secs=0.2)
    assert program.signal_at(roles.WAITS) == SIGTERM_CODE
    assert program.saved() == [10, 10]


def test_a_step_as_long_as_the_one_before_is_waited_for(run):
    program = run("train_slowly", grace_secs=0.2)
    assert program.signal_at(roles.TEN_STEPS) == SIGTERM_CODE
    assert program.saved() == [11, 11]
    assert "does not end" not in program.output


def test_a_step_that_ends_during_the_save_is_saved_again(run):
    program = run("end_during_save", grace_secs=0.2)
    assert program.signal_at(roles.WAITS) == SIGTERM_CODE
    assert program.saved() == [11, 11]
    assert program.output.count("listener:") == 3  # Of the start, and two.


def test_a_save_that_is_under_way_is_waited_for(run):
    program = run("save_slowly", grace_secs=0.2)
    assert program.signal_at(roles.WAITS) == SIGTERM_CODE
    assert program.saved() == [9, 9]
    assert program.output.count("listener: 9") == 1


def test_a_save_that_takes_too_long_ends_the_process(run):
    program = run("train", then="block_saves", grace_secs=0.2, save_secs=0.3)
    assert program.signal_at(roles.WAITS) == SIGTERM_CODE
    assert "Saving took too long" in program.output


def test_a_signal_ends_the_pause_of_a_recovery(run):
    program = run("recover_for_ever", grace_secs=0.2)
    assert program.signal_at(roles.WAITS) == SIGTERM_CODE
    assert program.secs < 4


def test_a_loop_that_waits_between_steps_is_saved_and_freed(run):
    program = run("train", then="sleep", grace_secs=0.2)
    assert program.signal_at(roles.WAITS) == SIGTERM_CODE
    assert program.saved() == [10, 10]
    assert program.secs < 4


@pytest.mark.parametrize(
    ("act", "ending"),
    [("create", "The main thread is blocked"), ("wait_for_chief", "nothing")],
)
def test_a_signal_ends_the_making_of_a_session(run, act, ending):
    program = run(act, grace_secs=0.2)
    program.wait_for(roles.WAITS, "worker")
    time.sleep(0.5)  # It is in the creator then; before is no fault either.
    program.send()
    assert program.wait() == SIGTERM_CODE
    assert ending in program.output
    assert program.secs < 4


@pytest.mark.parametrize(
    "then", ["evaluate", "evaluate_watched", "evaluate_blocked"]
)
def test_a_signal_during_evaluation_saves_the_training(run, then):
    program = run("train", then=then, grace_secs=0.3)
    assert program.signal_at(roles.WAITS) == SIGTERM_CODE
    assert program.saved() == [10, 10]
    assert "reason" not in program.output


def test_a_second_signal_kills(run):
    program = run("slow_end", raises=False)
    program.wait_for("step 10", "worker")
    program.send()
    program.wait_for("stops", "worker")
    time.sleep(0.6)
    program.send()
    assert program.wait() == -signal.SIGTERM


def test_a_second_signal_kills_while_the_main_thread_is_blocked(run):
    program = run("train", then="block", grace_secs=20)
    code = program.signal_at(roles.WAITS, times=2, pause_secs=0.7)
    assert code == -signal.SIGTERM


def test_a_signal_that_is_sent_twice_at_once_counts_once(run):
    program = run("train", then="block", grace_secs=0.3)
    code = program.signal_at(roles.WAITS, times=2, pause_secs=0.05)
    assert code == SIGTERM_CODE
    assert program.saved() == [10, 10]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGUSR1])
def test_other_signals_by_choice(run, number):
    program = run("train", then="block", signals=[number], grace_secs=0.2)
    assert program.signal_at(roles.WAITS, number) == 128 + number
    assert program.saved() == [10, 10]


def test_a_second_interrupt_is_a_keyboard_interrupt(run):
    program = run("slow_end", signals=[signal.SIGINT], raises=False)
    program.wait_for("step 10", "worker")
    program.send(signal.SIGINT)
    program.wait_for("stops", "worker")
    time.sleep(0.6)
    program.send(signal.SIGINT)
    assert program.wait() == 1  # That of any error.
    assert "interrupted" in program.output


def test_the_exit_code_is_a_choice(run):
    program = run("work", exit_code=3)
    assert program.signal_at(roles.TEN_STEPS) == 3


def test_a_task_without_saver_hook_only_stops(run):
    program = run("work")
    assert program.signal_at(roles.TEN_STEPS) == SIGTERM_CODE
    assert "nothing was saved" in program.output


@pytest.mark.parametrize("library", ["monitored_tf", "tf"])
def test_the_handlers_are_put_back(run, library):
    program = run("restored", library=library)
    assert program.wait() == -signal.SIGTERM
    after = library == "monitored_tf"  # TensorFlow's do not call close().
    assert f"default: True False {after}" in program.output


def test_a_handler_of_the_user_is_left_alone(run):
    program = run("own_handler")
    assert program.signal_at(roles.WAITS) == 0
    assert "own handler" in program.output
    assert "reason: request_stop() was called: enough" in program.output
    assert "SIGTERM is left to the handler" in program.output


def test_in_a_thread_no_handler_is_set(run):
    program = run("in_thread")
    assert program.signal_at(roles.TEN_STEPS) == -signal.SIGTERM
    assert "Not in the main thread" in program.output


def test_signals_of_forked_processes_are_theirs(run):
    program = run("train", then="fork")
    assert program.wait() == 0
    assert f"child: {-signal.SIGTERM}" in program.output
    assert "SIGTERM:" not in program.output


def test_a_wakeup_fd_that_was_there_is_still_written_to(run):
    program = run("with_asyncio")
    program.wait_for(roles.TEN_STEPS, "worker")
    program.send(signal.SIGUSR2)
    program.wait_for("asyncio got it", "worker")
    program.send()
    assert program.wait() == SIGTERM_CODE


@pytest.mark.parametrize(("then", "step"), [("fail", 10), ("fail_in_hook", 11)])
def test_save_on_error_saves_whole_steps(run, then, step):
    program = run("train", then=then, save_on_error=True)
    assert program.wait() == 1
    assert program.saved() == [step, step]
    assert "not saved" not in program.output


@pytest.mark.parametrize(
    ("then", "reason"),
    [("fail_in_step", "step may have changed"), ("find_nan", "loss is NaN")],
)
def test_save_on_error_says_why_it_does_not_save(run, then, reason):
    program = run("train", then=then, save_on_error=True)
    assert program.wait() == 1
    assert program.saved() == [0, 0]
    assert f"not saved, as the {reason}" in program.output


def test_without_save_on_error_nothing_is_saved(run):
    program = run("train", then="fail")
    assert program.wait() == 1
    assert program.saved() == [0, 0]


def test_a_save_that_fails_does_not_keep_the_process(run):
    program = run("train", then="remove_folder", grace_secs=0.2)
    assert program.signal_at(roles.WAITS) == SIGTERM_CODE
    assert "saving failed" in program.output


@pytest.mark.parametrize(
    "wrong",
    [
        {"signals": [signal.SIGKILL]},
        {"signals": [0]},
        {"grace_secs": 0},
        {"save_secs": -1},
        {"exit_code": 0},
    ],
    ids=str,
)
def test_arguments_are_checked(wrong):
    with pytest.raises(ValueError, match="Got"):
        PreemptionHook(**wrong)


def test_no_signal_no_error():
    assert PreemptionHook().preempted is None
    error = errors.Preempted("why", 143, signal.SIGTERM)
    assert (str(error), error.code, error.signum) == ("why", 143, 15)


def test_a_hook_begins_anew_with_each_session(step):
    hook = PreemptionHook()
    with pytest.raises(errors.Preempted):
        with monitored_tf.MonitoredSession(hooks=[hook]) as session:
            os.kill(os.getpid(), signal.SIGTERM)
            while True:
                session.run(step)
    assert hook.preempted is not None
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        assert hook.preempted is None
        assert session.run(step) == 1
