"""Trains, evaluates and predicts over and over; tells what that leaves.

    python -m tests.estimator.many_rounds FOLDER

prints JSON: what there was after the first rounds, and after the others.
"""

import collections
import ctypes
import gc
import json
import os
import resource
import sys
import threading

import tensorflow as tf

import monitored_tf.estimator as ours

v1 = tf.compat.v1
WARM_UPS, ROUNDS = 10, 15


def input_fn():
    """The same batch, without an end."""
    return tf.data.Dataset.from_tensors(([1.0, 2.0], [3.0, 6.0])).repeat()


def model_fn(features, labels, mode):
    """One weight."""
    weight = v1.get_variable("weight", initializer=1.0)
    guess = features * weight
    if mode == ours.ModeKeys.PREDICT:
        return ours.EstimatorSpec(mode, guess)
    loss = tf.reduce_mean(tf.square(guess - labels))
    train_op = v1.train.GradientDescentOptimizer(0.1).minimize(
        loss, v1.train.get_global_step()
    )
    return ours.EstimatorSpec(mode, loss=loss, train_op=train_op)


def play(estimator):
    """Plays one round; its predictions are left before their end."""
    estimator.train(input_fn, steps=1)
    estimator.evaluate(input_fn, steps=1)
    next(estimator.predict(input_fn))


def left():
    """Returns how much of what a round makes there is in this process."""
    gc.collect()
    # What the allocator keeps for later is in nobody's use.
    ctypes.CDLL(None).malloc_trim(0)
    kinds = {tf.Graph: "graphs", v1.Session: "sessions"}
    found = collections.Counter(
        kinds.get(type(one)) for one in gc.get_objects()
    )
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return {
        "graphs": found["graphs"],
        "sessions": found["sessions"],
        "threads": threading.active_count(),
        "native threads": len(os.listdir("/proc/self/task")),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "mb": pages * resource.getpagesize() / 1e6,
    }


def main():
    folder = sys.argv[1]
    estimator = ours.Estimator(model_fn, folder)
    told = []
    for count in (WARM_UPS, ROUNDS):
        for number in range(count):
            play(estimator)
            # Garbage of many rounds at once would leave holes in the heap.
            if number % 5 == 4:
                found = left()
        told.append(found)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
