"""Short trainings that CheckpointSaverHook saves, and what is on the disk."""

import tensorflow as tf

import monitored_tf
from monitored_tf.testing import Fault, FaultHook

v1 = tf.compat.v1


def hook(folder, save_steps=2, **kwargs):
    return monitored_tf.CheckpointSaverHook(
        str(folder), save_steps=save_steps, saver=v1.train.Saver(), **kwargs
    )


def run(step, hook, count=3):
    """Runs some steps in a session with the hook."""
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        for _ in range(count):
            session.run(step)


def recovering_run(step, hook, folder, count=3):
    """The same with a recovery from the folder before step 3."""
    creator = monitored_tf.ChiefSessionCreator(checkpoint_dir=str(folder))
    with monitored_tf.MonitoredSession(
        creator,
        [hook, FaultHook(Fault("before_run", 3))],
        recovery=monitored_tf.RecoveryPolicy.tf(),
    ) as session:
        for _ in range(count):
            session.run(step)


def steps_on_disk(folder):
    """Returns the steps that have an index file in the folder."""
    return sorted(
        int(path.stem.rpartition("-")[2]) for path in folder.glob("*.index")
    )
