"""Children that save all the time, for a test that kills them.

    python -m tests.hooks.saving_job FOLDER TRIALS STEPS [background]

Each saves every STEPS into a folder of its own below FOLDER, and is killed by
SIGKILL in a save. Prints the process ids.
"""

import os
import pathlib
import random
import signal
import sys
import time
import traceback

import numpy as np
import tensorflow as tf

import monitored_tf

v1 = tf.compat.v1


def train(folder, save_steps, async_save):
    """Saves, until killed."""
    step = v1.train.get_or_create_global_step()
    # A constant would make the graph as large.
    values = v1.placeholder_with_default(np.float32(1), ())
    v1.get_variable("weight", initializer=tf.fill([1 << 18], values))
    train_op = v1.assign_add(step, 1)
    hook = monitored_tf.CheckpointSaverHook(
        folder,
        save_steps=save_steps,
        saver=v1.train.Saver(max_to_keep=2),
        async_save=async_save,
    )
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        while True:
            session.run(train_op)


def kill_in_a_save(folder, save_steps, async_save):
    """Kills a child in a save, once it has saved some; returns its id."""
    child = os.fork()
    if not child:
        try:
            with tf.Graph().as_default():
                train(str(folder), save_steps, async_save)
        finally:
            traceback.print_exc()
            os._exit(1)
    try:
        _wait_for(lambda: (folder / f"model.ckpt-{save_steps}.index").exists())
        time.sleep(random.uniform(0, 0.1))  # Any place of a save will do.
        _wait_for(lambda: any("_temp" in name for name in os.listdir(folder)))
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return child


def _wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("The child does not save.")
        time.sleep(0.0002)


def main():
    folder, trials, save_steps, *way = sys.argv[1:]
    for trial in range(int(trials)):
        below = pathlib.Path(folder, str(trial))
        below.mkdir(parents=True)
        # No session was made here: TensorFlow has no threads to lose.
        print(kill_in_a_save(below, int(save_steps), way == ["background"]))


if __name__ == "__main__":
    main()
