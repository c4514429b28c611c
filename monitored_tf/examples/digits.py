"""Trains a classifier of handwritten digits, through a preemption.

Run again, it goes on from its last checkpoint. SIGTERM saves and stops.
"""

from __future__ import annotations

import argparse

import tensorflow as tf
from absl import logging

import monitored_tf
from monitored_tf import testing
from monitored_tf.examples import digits_graph


def train(steps: int, model_dir: str, preempt_at: int) -> None:
    """Trains for so many steps more, and prints a report.

    Args:
      steps: Steps to train.
      model_dir: Folder of checkpoints and summaries.
      preempt_at: Steps after which the session is lost; 0 for never.
    """
    newest = tf.train.latest_checkpoint(model_dir)
    last_step = steps + (int(newest.rpartition("-")[2]) if newest else 0)
    print(f"Training to step {last_step} in {model_dir}.")
    faults = []
    if preempt_at:
        print(f"After {preempt_at} steps a planted fault loses the session.")
        faults.append(testing.Fault("before_run", call=preempt_at + 1))
    with tf.Graph().as_default():
        train_op, accuracy = digits_graph.build()
        final = monitored_tf.FinalOpsHook(accuracy)
        with monitored_tf.MonitoredTrainingSession(
            checkpoint_dir=model_dir,
            save_checkpoint_steps=200,
            hooks=[
                monitored_tf.StopAtStepHook(last_step=last_step),
                monitored_tf.ProgressHook(last_step=last_step),
                testing.FaultHook(*faults),
                final,
            ],
        ) as session:
            while not session.should_stop():
                session.run(train_op)
    print(f"Steps:      {last_step}")
    print(f"Recoveries: {len(session.recoveries)}")
    print(f"Checkpoint: {tf.train.latest_checkpoint(model_dir)}")
    print(f"Accuracy:   {final.final_ops_values:.1%} on held-out digits")
    print(f"Stopped:    {session.stop_reason}")


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--model-dir", default="digits-model")
    parser.add_argument(
        "--preempt-at", type=int, help="0 for never; half-way by default"
    )
    args = parser.parse_args()
    if args.steps < 1 or (args.preempt_at or 0) < 0:
        parser.error("--steps must be at least 1, --preempt-at at least 0")
    # A recovery is a warning, as is a checkpoint that is damaged.
    logging.set_verbosity(logging.WARNING)
    tf.get_logger().setLevel("ERROR")
    preempt_at = args.preempt_at
    if preempt_at is None:
        preempt_at = args.steps // 2
    train(args.steps, args.model_dir, preempt_at)


if __name__ == "__main__":
    main()
