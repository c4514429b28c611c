"""What the tasks of a cluster do that train and evaluate an Estimator."""

import time

import tensorflow as tf
from absl import logging

import monitored_tf
import monitored_tf.estimator as ours
from monitored_tf import waiting
from tests.estimator.evaluated import batches, estimator_in, recorder

v1 = tf.compat.v1


class _Steps(v1.train.SessionRunHook):
    """Says each step of this task, which are some milliseconds apart."""

    def begin(self):
        self._step = v1.train.get_global_step()

    def after_run(self, run_context, run_values):
        step = run_context.session.run(self._step)
        print(f"step {step}.", flush=True)
        time.sleep(0.01)


class _Printed(list):
    """Says what is added."""

    def append(self, item):
        print(f"evaluated {item}.", flush=True)
        super().append(item)


class _Waiting(v1.train.SessionRunHook):
    """Holds an evaluation up, once it has said so."""

    def begin(self):
        print("evaluation begins.", flush=True)

    def before_run(self, run_context):
        time.sleep(60)


def play(folder, *max_steps, save_steps=20, evaluations_wait=False):
    """Trains or evaluates, or serves, by TF_CONFIG; once for each limit."""
    logging.set_verbosity(logging.INFO)
    policy = monitored_tf.RecoveryPolicy(
        on_recovery=lambda event: print(f"recovered: {event}.", flush=True)
    )
    estimator = estimator_in(
        ours,
        folder,
        save_steps,
        keep_checkpoint_max=None,
        experimental_max_worker_delay_secs=0,
        recovery=policy,
    )
    for limit in max_steps:
        ours.train_and_evaluate(
            estimator,
            ours.TrainSpec(batches(), limit, [_Steps()]),
            ours.EvalSpec(
                batches(2),
                hooks=[_Waiting()] if evaluations_wait else [],
                exporters=recorder(ours, calls=_Printed()),
                start_delay_secs=0,
                throttle_secs=0.2,
            ),
        )
        print(f"done at {limit}.", flush=True)


def play_with_slow_evaluations(folder, max_steps, save_steps):
    """As `play`, with evaluations that take a minute."""
    play(folder, max_steps, save_steps=save_steps, evaluations_wait=True)


def play_saving(save_steps, folder, *max_steps):
    """As `play`, with so many steps between checkpoints."""
    play(folder, *max_steps, save_steps=save_steps)


def play_impatient(folder, *max_steps):
    """As `play`; says soon what it waits for."""
    waiting.FIRST_LINE_SECS = 0.5
    play(folder, *max_steps)


def serve():
    """Serves, alone, for those that connect to it."""
    task = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    server = tf.distribute.Server(task.cluster_spec(), task.task_type, 0)
    print("serving.", flush=True)
    server.join()
