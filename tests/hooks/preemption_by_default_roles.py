"""What the processes of the tests of the default PreemptionHook do."""

import signal
import time

import tensorflow as tf

import monitored_tf
from monitored_tf.hooks.preemption_hook import PreemptionHook

v1 = tf.compat.v1


def train(folder, options, own_signal, last_step):
    """Trains with these options of a MonitoredTrainingSession, then raises."""
    with tf.Graph().as_default():
        step = v1.assign_add(v1.train.get_or_create_global_step(), 1)
        hooks = own_signal and [PreemptionHook(signals=[own_signal])]
        with monitored_tf.MonitoredTrainingSession(
            checkpoint_dir=folder, hooks=hooks, **options
        ) as session:
            while not session.should_stop():
                count = session.run(step)
                time.sleep(0.01)
                print("step", count)
                if count == last_step:
                    raise ValueError("boom")
        print("default:", signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
