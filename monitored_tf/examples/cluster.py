"""Trains the digits on a cluster of local processes, and kills its ps.

The parameter server holds all variables. Another one takes its place.
"""

from __future__ import annotations

import tempfile

import tensorflow as tf

import monitored_tf
from monitored_tf.cluster import from_tf_config
from monitored_tf.examples import digits_graph, quiet_start
from monitored_tf.testing import LocalCluster

_STEPS = 1200
_TRAINERS = [("chief", 0), ("worker", 0), ("worker", 1)]


def train(model_dir: str) -> None:
    """What each task runs. TF_CONFIG tells it which it is."""
    task = from_tf_config()
    if task.task_type == "ps":
        task.join()
    policy = monitored_tf.RecoveryPolicy(
        on_recovery=lambda event: print(f"Recovered: {event}.")
    )
    with tf.Graph().as_default():
        with tf.compat.v1.device(task.device_function):
            train_op, accuracy = digits_graph.build()
        stop = monitored_tf.StopAtStepHook(last_step=_STEPS)
        progress = monitored_tf.ProgressHook(_STEPS, every_n_secs=0.1)
        final = monitored_tf.FinalOpsHook(accuracy)
        with monitored_tf.MonitoredTrainingSession(
            task.master,
            task.is_chief,
            model_dir,
            hooks=[stop, progress, final],
            save_checkpoint_steps=200,
            recovery=policy,
        ) as session:
            while not session.should_stop():
                session.run(train_op)
    print(f"Accuracy: {final.final_ops_values:.1%}")


def lose_ps(cluster: LocalCluster) -> None:
    """Kills the ps half-way, replaces it, and tells how each task recovers."""
    for trainer in _TRAINERS:
        cluster.wait_for_output("^step", *trainer)
    step, end = 0, 0
    while step < _STEPS // 2:
        line = cluster.wait_for_output(r"^step (\d+) ", "chief", after=end)
        step, end = int(line[1]), line.end()
    cluster.kill("ps")
    cluster.restart("ps")
    print(f"At step {step} SIGKILL ended the ps. A new one starts.", flush=True)
    for job, index in _TRAINERS:
        line = cluster.wait_for_output("^Recovered: (.*)$", job, index)
        print(f"{job} {index}: {line[1]}", flush=True)


if __name__ == "__main__":
    jobs = {"ps": 1, "worker": 2, "chief": 1}
    print(f"Training {_STEPS} steps on {jobs}.", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        # What tasks are forked from loads TensorFlow too, with its lines.
        with quiet_start.stderr_kept_back():
            local_cluster = LocalCluster(jobs, train, (folder,))
        with local_cluster:
            lose_ps(local_cluster)
            codes = [local_cluster.wait(*trainer) for trainer in _TRAINERS]
            line = local_cluster.wait_for_output("^Accuracy: (.*)$", "chief")
        print(f"Checkpoint: {tf.train.latest_checkpoint(folder)}")
    print(f"Exit codes: {codes}")
    print(f"Accuracy:   {line[1]} on held-out digits")
