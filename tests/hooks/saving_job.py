"""Children that save all the time, for a test that kills them.

    python -m tests.hooks.saving_job FOLDER TRIALS

In each trial one child saves at once and one in the background, each into a
folder of its own below FOLDER, and is killed by SIGKILL in a save: in the
first trial as a save begins, in the last one about when it ends. Prints the
way and the process id of each.
"""

import os
import pathlib
import signal
import sys
import time
import traceback

import tensorflow as tf

import monitored_tf
from tests.hooks import background_saves as saves

v1 = tf.compat.v1
WAYS = ("at once", "in the background")
# Of the time that a save takes: the state file is written at the end.
_LATEST = 1.2
_POLL_SECS = 0.0005


class Child:
    """A process that saves each step once it is told to, until killed.

    Args:
      folder: For its checkpoints.
      train: Called with the folder, and with what waits for the word.
    """

    def __init__(self, folder, train):
        folder.mkdir(parents=True)
        self._folder = folder
        listening, self._told = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            try:
                os.close(self._told)
                train(folder, lambda: os.read(listening, 1))
            finally:
                traceback.print_exc()
                os._exit(1)
        os.close(listening)

    def kill_in_a_save(self, part, from_scratch):
        """Kills it so far into a save.

        Args:
          part: How far; 1 is the end.
          from_scratch: Whether a save begins as values are put aside into a
            folder, and not as the checkpoint's files are written.
        """

        def is_saving():
            names = os.listdir(self._folder)
            return any("_temp" in name for name in names) or (
                from_scratch and bool(saves.left_behind(self.pid))
            )

        try:
            os.write(self._told, b"!")
            _wait_for(is_saving)
            began = time.monotonic()
            _wait_for(lambda: not is_saving())
            save_secs = time.monotonic() - began
            _wait_for(is_saving)
            time.sleep(part * save_secs)
        finally:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            os.close(self._told)


def _wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("The child does not save.")
        time.sleep(_POLL_SECS)


def model():
    """Returns an op that counts steps; weights are of 1 KB."""
    step = v1.train.get_or_create_global_step()
    v1.get_variable("weight", (1 << 8,))
    return v1.assign_add(step, 1)


def main():
    folder, trials = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    # Once, before the forks: what a child need not load or build again. No
    # session is made here: its threads would be lost.
    session_type, hook_type = (
        monitored_tf.MonitoredSession,
        monitored_tf.CheckpointSaverHook,
    )
    with tf.Graph().as_default():
        step, saver = model(), v1.train.Saver(max_to_keep=2)

        def trained(way):
            def train(folder, wait):
                hook = hook_type(
                    str(folder),
                    save_steps=1,
                    saver=saver,
                    save_graph_def=False,
                    async_save=way == WAYS[1],
                )
                with session_type(hooks=[hook]) as session:
                    wait()
                    while True:
                        session.run(step)
                        time.sleep(10 * _POLL_SECS)

            return train

        for trial in range(trials):
            part = _LATEST * trial / max(1, trials - 1)
            # Both at a time: there are two cores.
            children = [
                Child(folder / way / str(trial), trained(way)) for way in WAYS
            ]
            for way, child in zip(WAYS, children):
                child.kill_in_a_save(part, from_scratch=trial % 2 == 0)
                print(way, child.pid, sep="\t")


if __name__ == "__main__":
    main()
