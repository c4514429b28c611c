"""What the tasks of the tests' clusters do."""

import sys

# Noted before this module imports it: whether the fork server had.
TENSORFLOW_WAS_LOADED = "tensorflow" in sys.modules

import json  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402


def say(*words):
    """Prints, and ends."""
    print(*words)


def sleep():
    """Never ends by itself."""
    print("asleep")
    threading.Event().wait()


def block_in_c():
    """Holds the main thread in C++, as a session does that waits for ever."""
    import tensorflow as tf

    print("blocks")
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        session.run(tf.queue.FIFOQueue(1, tf.float32).dequeue())


def describe():
    """Says what it finds in its process."""
    print("environment", json.dumps(dict(os.environ)))
    print("loaded", TENSORFLOW_WAS_LOADED)
    print("directory", os.getcwd())
    print("at", time.monotonic())
    os.write(1, b"stdout\n")
    os.write(2, b"stderr\n")


def fail(message):
    """Raises."""
    raise ValueError(message)


def leave(code):
    """Exits with this code."""
    sys.exit(code)


def crash():
    """Dies as native code does."""
    signal.raise_signal(signal.SIGSEGV)


def serve_or_count(n_steps):
    """As ps: a server. As chief: counts up a variable on the ps."""
    import tensorflow as tf

    config = json.loads(os.environ["TF_CONFIG"])
    task = config["task"]
    server = tf.distribute.Server(
        config["cluster"], job_name=task["type"], task_index=task["index"]
    )
    print("serves", server.target)
    if task["type"] == "ps":
        server.join()
    else:
        _count(tf, server.target, n_steps)


def _count(tf, target, n_steps):
    with tf.Graph().as_default():
        with tf.device("/job:ps/task:0"):
            step = tf.compat.v1.train.get_or_create_global_step()
        add = tf.compat.v1.assign_add(step, 1)
        with tf.compat.v1.train.MonitoredTrainingSession(target) as session:
            for _ in range(n_steps):
                print("step", session.run(add))
                time.sleep(0.01)
