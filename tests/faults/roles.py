"""What the tasks of the fault programs do, on TensorFlow's session or ours."""

from __future__ import annotations

import contextlib
import itertools
import os
import pathlib
import time

import tensorflow as tf

import monitored_tf
from monitored_tf.cluster import from_tf_config

v1 = tf.compat.v1
# The chief touches it, so that TensorFlow's worker does not look too early and
# then sleep for 30 s.
FIRST_STEP = "first_step"
STEPS_PER_CHECKPOINT = 30
_STEPS_OF_HOOKED = 30


def play(options):
    """Serves as a ps, or trains with these options, by the task's type."""
    serve(options, train)


def serve(options, train, plain_server=False):
    """Serves as a ps, or calls `train`, by the task's type.

    Args:
      options: Its arguments, after the task, the address of its server, and a
        `Report`.
      train: What a chief and a worker do.
      plain_server: Whether TensorFlow's server is started as it is.
    """
    v1.disable_eager_execution()
    task = from_tf_config()
    with tf.Graph().as_default(), report_of_error() as report:
        server = new_server(task) if plain_server else task.server
        say("serving")
        if task.task_type == "ps":
            server.join()
        if task.task_type == "worker":
            wait_for(pathlib.Path(options["folder"], FIRST_STEP))
        train(task, server.target, report, **options)


def new_server(task):
    """Returns a server as programs make it that have no `ClusterTask`."""
    return tf.distribute.Server(task.cluster, task.task_type, task.task_id)


def train(task, master, report, hooked=None, **options):
    """Counts steps on the ps, and says each.

    Args:
      task: The `ClusterTask`.
      master: Address of its server.
      report: Is told of each step.
      hooked: Type of the task that has a hook that fails once. Its batches
        count, and it stops; the other trains for ever.
      **options: Of `open_session`.
    """
    is_hooked = hooked == task.task_type
    with v1.device(task.device_function):
        step, batch, total = model()
    hooks = [AbortedOnce()] if is_hooked else []
    with open_session(task, master, hooks, **options) as session:
        for fed in itertools.count(1):
            at, counted = session.run([step, total], {batch: float(is_hooked)})
            report.step(at)
            pathlib.Path(options["folder"], FIRST_STEP).touch()
            # A worker that steps seldom hides little of what was lost.
            time.sleep(0.01 if task.is_chief else 0.1)
            if is_hooked and fed == _STEPS_OF_HOOKED:
                say(f"fed {fed} counted {counted:.0f}")


def open_session(
    task,
    master,
    hooks,
    library,
    folder,
    saves=False,
    policy=None,
    operation_timeout_secs=0,
    max_wait_secs=60,
):
    """Returns the training session of a task.

    Args:
      task: The `ClusterTask`.
      master: Address of its server.
      hooks: The user's.
      library: Whose session: "tf" or "monitored_tf".
      folder: For checkpoints and marks.
      saves: Whether to save checkpoints.
      policy: Arguments of a `RecoveryPolicy`, None for the default.
      operation_timeout_secs: TensorFlow's only limit on a step; 0 for none.
      max_wait_secs: Seconds that a worker waits for its chief.
    """
    is_ours = library == "monitored_tf"
    module = monitored_tf if is_ours else v1.train
    more = {"recovery": recovery_policy(policy)} if is_ours else {}
    return module.MonitoredTrainingSession(
        master,
        task.is_chief,
        os.path.join(folder, "model") if saves else None,
        hooks=hooks,
        save_checkpoint_secs=None,
        save_checkpoint_steps=STEPS_PER_CHECKPOINT if saves else None,
        save_summaries_steps=None,
        save_summaries_secs=None,
        log_step_count_steps=None,
        max_wait_secs=max_wait_secs,
        config=config(operation_timeout_secs),
        stop_grace_period_secs=5,
        **more,
    )


def model():
    """Returns the op of a step, the batch it takes, the sum of all batches."""
    global_step = v1.train.get_or_create_global_step()
    total = v1.get_variable("total", initializer=0.0, use_resource=True)
    batch = v1.placeholder(tf.float32, [])
    summed = v1.assign_add(total, batch)
    with tf.control_dependencies([summed]):
        return v1.assign_add(global_step, 1), batch, summed


def config(operation_timeout_secs):
    """Returns a config with TensorFlow's own limit, None without one."""
    if not operation_timeout_secs:
        return None
    return v1.ConfigProto(
        operation_timeout_in_ms=int(operation_timeout_secs * 1000)
    )


def recovery_policy(policy):
    """Returns a policy that says what was recovered from."""

    def say_recovery(event):
        lost_at = time.monotonic() - event.recovery_secs
        say(f"recovery of {lost_at:.3f} state {event.state}: {event}")

    return monitored_tf.RecoveryPolicy(
        **(policy or {}), on_recovery=say_recovery
    )


class AbortedOnce(v1.train.SessionRunHook):
    """Fails once, after a step that was applied on the ps.

    Args:
      at_run: Which run of the session fails, 1 for the first.
    """

    def __init__(self, at_run=10):
        self._at_run = at_run
        self._n_runs = 0

    def after_run(self, run_context, run_values):
        """Fails at one run, and says so."""
        self._n_runs += 1
        if self._n_runs == self._at_run:
            say("failed")
            raise tf.errors.AbortedError(None, None, "after the step")


class Report:
    """Says what happens, and what it cost since the last step."""

    def __init__(self):
        self._since = usage()

    def step(self, number):
        """Says a step."""
        self._since = usage()
        say(f"step {number}")

    def error(self, error):
        """Says an error and what the wait for it cost."""
        then, now = self._since, usage()
        cause = type(error.__cause__).__name__
        say(f"raised {type(error).__name__} from {cause}")
        say(f"cpu {now[0] - then[0]:.3f} in {now[1] - then[1]:.3f}")


@contextlib.contextmanager
def report_of_error():
    """Yields a `Report`; an error in the block is said and goes on."""
    report = Report()
    try:
        yield report
    except Exception as error:
        report.error(error)
        raise


def usage():
    """Returns the seconds of CPU that this process used, and the time."""
    times = os.times()
    return times.user + times.system, time.monotonic()


def say(what):
    """Prints a line with the time, which all processes share."""
    print(f"{what} at {time.monotonic():.3f}", flush=True)


def wait_for(path):
    """Waits until a file exists."""
    while not path.exists():
        time.sleep(0.02)
