"""What the tasks of sync replicas do, on TensorFlow's session or ours."""

from __future__ import annotations

import pathlib
import time

import tensorflow as tf

from tests.faults import roles

v1 = tf.compat.v1
# The chief and one worker: a step needs the gradients of both.
_REPLICAS = 2
# Two runs a step; well after the one that a scenario begins at.
_FAILING_RUN = 200


def play(options):
    """Serves as a ps, or trains with these options, by the task's type."""
    roles.serve(options, train)


def train(task, master, report, hooked=None, **options):
    """Says each global step that it sees; the arguments are `roles.train`'s."""
    with v1.device(task.device_function):
        global_step = v1.train.get_or_create_global_step()
        optimizer, train_op = model(global_step)
    hooks = [optimizer.make_session_run_hook(task.is_chief)]
    if hooked == task.task_type:
        hooks.append(roles.AbortedOnce(_FAILING_RUN))
    with roles.open_session(task, master, hooks, **options) as session:
        last = None
        while True:
            session.run(train_op)
            # A token that is left over lets a run return without a step.
            at = session.run(global_step)
            if at != last:
                report.step(at)
            last = at
            pathlib.Path(options["folder"], roles.FIRST_STEP).touch()
            time.sleep(0.01)


def model(global_step):
    """Returns the optimizer, and the op of a step of one variable."""
    weight = v1.get_variable("weight", initializer=5.0, use_resource=True)
    optimizer = v1.train.SyncReplicasOptimizer(
        v1.train.GradientDescentOptimizer(0.01),
        replicas_to_aggregate=_REPLICAS,
        total_num_replicas=_REPLICAS,
    )
    return optimizer, optimizer.minimize(tf.square(weight), global_step)
