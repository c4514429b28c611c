"""The programs that faults of hooks and threads are planted in."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import warnings

import tensorflow as tf

import monitored_tf
from monitored_tf.bounded_call import BoundedCall

v1 = tf.compat.v1
STEPS = 8
FAULT_AT = 5
STEPS_PER_CHECKPOINT = 3
# So long a program may take before it counts as one that hangs.
GIVE_UP_SECS = 20.0


ERRORS = {
    "ValueError": lambda: ValueError("planted"),
    "AbortedError": lambda: tf.errors.AbortedError(None, None, "planted"),
    "OutOfRangeError": lambda: tf.errors.OutOfRangeError(None, None, "planted"),
    "StopIteration": lambda: StopIteration("planted"),
    "KeyboardInterrupt": lambda: KeyboardInterrupt("planted"),
}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a program.

    Attributes:
      kind: "handled", it went on and did all; "announced", it ended as it
        must, with the error or a warning; "dies", it ended though it could
        have gone on, or with another error; "hangs", for ever or for long;
        "loses", steps or batches without a word; "leaks".
      text: More of it.
      notes: What was measured, by name.
    """

    kind: str
    text: str = ""
    notes: dict[str, float] = dataclasses.field(default_factory=dict)

    def __str__(self):
        noted = [f"{name} {value:.3g}" for name, value in self.notes.items()]
        more = ", ".join(part for part in (self.text, *noted) if part)
        return f"{self.kind}: {more}" if more else self.kind


@dataclasses.dataclass
class Progress:
    """What a program shows of itself.

    Attributes:
      steps: The global steps that its runs returned.
      error: What it raised; None if it ended as a success.
      warnings: What was said meanwhile, as warnings or in the log.
    """

    steps: list[int] = dataclasses.field(default_factory=list)
    error: BaseException | None = None
    warnings: list[str] = dataclasses.field(default_factory=list)

    @property
    def steps_lost(self):
        """How far the global step fell back, all times together."""
        pairs = zip(self.steps, self.steps[1:])
        return sum(max(0, before - after + 1) for before, after in pairs)


def watched(program, *args):
    """Calls a program in a graph of its own; waits GIVE_UP_SECS at most.

    Args:
      program: Called with a `Progress` and the arguments.
      *args: The other arguments.

    Returns:
      The `Progress`; None if it hangs.
    """
    progress = Progress()

    def call():
        try:
            with tf.Graph().as_default():
                program(progress, *args)
        except BaseException as error:  # What it is is looked at later.
            progress.error = error

    with _kept_warnings(progress.warnings):
        bounded = BoundedCall(call, program.__name__)
        if not bounded.wait(GIVE_UP_SECS):
            bounded.abandon()
            return None
    return progress


class _Keeper(logging.Handler):
    def __init__(self, lines):
        super().__init__(logging.WARNING)
        self._lines = lines

    def emit(self, record):
        self._lines.append(record.getMessage())


@contextlib.contextmanager
def _kept_warnings(lines):
    keeper = _Keeper(lines)
    loggers = [logging.getLogger(name) for name in ("absl", "tensorflow")]
    for logger in loggers:
        logger.addHandler(keeper)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
    finally:
        for logger in loggers:
            logger.removeHandler(keeper)
        lines.extend(str(warning.message) for warning in caught)


def judged(progress, error, is_curable):
    """Returns what became of a program that was to do STEPS steps."""
    if progress is None:
        return Outcome("hangs", f"> {GIVE_UP_SECS:.0f} s")
    if progress.error is not None:
        return _of_error(progress.error, error, is_curable)
    at = max(progress.steps, default=0)
    if at >= STEPS:
        return Outcome("handled", f"{progress.steps_lost} steps lost")
    # Warnings of other things, as of recoveries, are no word about it.
    words = [w for w in progress.warnings if type(error).__name__ in w]
    text = f"ends as if the data had ended, at step {at} of {STEPS}"
    return Outcome("announced" if words else "loses", text)


def _of_error(raised, error, is_curable):
    name = type(raised).__name__
    text = f"{name}" if raised is error else f"{name} ({raised})"
    is_right = isinstance(raised, type(error)) and not is_curable
    return Outcome("announced" if is_right else "dies", text)


def module_of(library):
    """Returns where a library, "tf" or "monitored_tf", has its sessions."""
    return monitored_tf if library == "monitored_tf" else v1.train


def without_pause(library):
    """Returns the argument that has our session recover as fast as TF's."""
    if library == "tf":
        return {}
    policy = monitored_tf.RecoveryPolicy(initial_pause_secs=0, max_pause_secs=0)
    return {"recovery": policy}


def counted_step():
    """Returns an op that counts the global step, and returns it."""
    return v1.assign_add(v1.train.get_or_create_global_step(), 1)


def train(progress, library, hooks, folder, last_step=STEPS):
    """Trains up to the last step, and saves now and then."""
    step = counted_step()
    stop = v1.train.StopAtStepHook(last_step=last_step)
    with module_of(library).MonitoredTrainingSession(
        checkpoint_dir=folder,
        hooks=[stop, *hooks],
        save_checkpoint_secs=None,
        save_checkpoint_steps=STEPS_PER_CHECKPOINT,
        save_summaries_steps=None,
        save_summaries_secs=None,
        log_step_count_steps=None,
    ) as session:
        while not session.should_stop():
            progress.steps.append(int(session.run(step)))


def add_up(progress, make_session, hook):
    """Feeds a batch of 1 to each step; notes the sum of those that counted.

    Args:
      progress: Has the sum as its only step.
      make_session: Given the hooks, returns the session.
      hook: A hook.
    """
    counted = counted_step()
    total = v1.get_variable("total", initializer=0.0, use_resource=True)
    batch = v1.placeholder(tf.float32, [])
    step = tf.group(counted, v1.assign_add(total, batch))
    read = total.read_value()
    with make_session([hook]) as session:
        for _ in range(STEPS):
            session.run(step, {batch: 1.0})
        progress.steps.append(int(session.run(read)))


def filled_queue(size=None):
    """Returns an op that reads a queue, which a thread fills.

    Args:
      size: How many items there are; None for no end.
    """
    items = tf.data.Dataset.range(2**60 if size is None else size)
    item = v1.data.make_one_shot_iterator(items).get_next()
    queue = tf.queue.FIFOQueue(10, [tf.int64], shapes=[[]])
    v1.train.add_queue_runner(
        v1.train.QueueRunner(queue, [queue.enqueue(item)])
    )
    return queue.dequeue()
