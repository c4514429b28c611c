"""What the tasks of a cluster do that trains an Estimator."""

import threading

import tensorflow as tf

import monitored_tf.estimator as ours
from tests.estimator import small_training as small

# So that a test has the time to do something to the cluster.
_PAUSE_SECS = 0.01


class Progress(tf.compat.v1.train.SessionRunHook):
    """Prints every tenth step of this task, and slows it down."""

    def __init__(self):
        self._steps = 0

    def after_run(self, run_context, run_values):
        threading.Event().wait(_PAUSE_SECS)
        self._steps += 1
        if self._steps % 10 == 0:
            print("steps", self._steps)


def train(folder, max_steps):
    """Serves as a ps, or trains as the chief or a worker."""
    made = small.estimator_in(ours, folder, save_checkpoints_steps=20)
    config = made.config
    server = tf.distribute.Server(
        config.cluster_spec,
        job_name=config.task_type,
        task_index=config.task_id,
    )
    if config.task_type == "ps":
        server.join()
    made.train(small.many_batches, hooks=[Progress()], max_steps=max_steps)
