"""What keeps an evaluation from being kept, and what does not."""

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from tests.estimator.trained_model import (
    equal,
    input_fn,
    made,
    write_checkpoint,
)

v1 = tf.compat.v1


class Hook(v1.train.SessionRunHook):
    """Does nothing."""


def tensors():
    return v1.data.make_one_shot_iterator(input_fn()).get_next()


def queue(y):
    fifo = tf.queue.FIFOQueue(2, tf.float32)
    runner = v1.train.QueueRunner(fifo, [fifo.enqueue([0.0])])
    v1.train.add_queue_runner(runner)
    return y + fifo.dequeue()


def accumulated(y):
    """State in a table that nothing resets."""
    table = tf.lookup.experimental.MutableHashTable(
        tf.int64, tf.float32, 0.0, checkpoint=False
    )
    with tf.control_dependencies([table.insert(np.int64([0]), y[:1])]):
        return y + table.lookup(np.int64([0]))


def hidden(y):
    """A variable that no collection has."""
    own = v1.get_variable("own", initializer=0.0, collections=[])
    return y + tf.where(v1.is_variable_initialized(own), 0.0, 0.0)


def in_function(y):
    noise = tf.function(lambda: v1.random_normal([], seed=1))
    return y + noise()


SAVER = {"scaffold": lambda: v1.train.Scaffold(saver=v1.train.Saver())}
INIT_FN = {
    "scaffold": lambda: v1.train.Scaffold(
        init_fn=lambda scaffold, session: None
    )
}
LOCAL_INIT = {"scaffold": lambda: v1.train.Scaffold(local_init_op=tf.no_op())}


def in_collection(y):
    saver = v1.train.Saver(defer_build=True)
    v1.add_to_collection(v1.GraphKeys.SAVERS, saver)
    return y


@pytest.mark.parametrize(
    ("reason", "model", "given"),
    [
        ("evaluation_hooks", {"evaluation_hooks": lambda: [Hook()]}, input_fn),
        ("own saver", SAVER, input_fn),
        ("own init_fn", INIT_FN, input_fn),
        ("own local_init_op", LOCAL_INIT, input_fn),
        ("own saver", {"before": in_collection}, input_fn),
        ("does not return a Dataset", {}, tensors),
        ("queue runners", {"before": queue}, input_fn),
        ("MutableHashTable", {"before": accumulated}, input_fn),
        ("own", {"before": hidden}, input_fn),
        ("random numbers", {"before": in_function}, input_fn),
        (
            "random numbers",
            {"before": lambda y: y + v1.random_normal([])},
            input_fn,
        ),
    ],
)
def test_what_cannot_be_kept_is_evaluated_cold(
    tmp_path, caplog, reason, model, given
):
    calls = []
    write_checkpoint(tmp_path, 1)
    config = ours.RunConfig(tf_random_seed=5)
    model = made(ours, tmp_path, config, calls=calls, **model)
    with model.warm_evaluator(given, steps=2) as evaluate:
        cold = model.evaluate(given, steps=2)
        assert [equal(evaluate(), cold) for _ in range(2)] == [True, True]
        assert reason in evaluate.reason_for_cold
    assert len(calls) == 3
    told = [
        text for text in caplog.messages if evaluate.reason_for_cold in text
    ]
    assert len(told) == 1


def test_hooks_are_those_of_one_evaluation(tmp_path):
    write_checkpoint(tmp_path, 1)
    model = made(ours, tmp_path)
    with model.warm_evaluator(input_fn, hooks=iter([Hook()])) as evaluate:
        assert equal(evaluate(), evaluate())
        assert "hooks" in evaluate.reason_for_cold


def tables(y):
    """Tables that a session initializes, and random numbers without seed."""
    keys = tf.constant([0, 1], tf.int64)
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(keys, tf.constant([0.5, 1.5])), 9.0
    )
    return y + table.lookup(tf.cast(y > 3, tf.int64))


def loop(y):
    """Loops and TensorArrays, which live for one run."""
    return tf.scan(lambda total, one: total + one, y)


def py_func(y):
    return v1.py_func(lambda value: value + np.float32(1), [y], tf.float32)


def reference(y):
    """A variable of the older kind."""
    bias = v1.Variable(
        0.5, use_resource=False, collections=[v1.GraphKeys.LOCAL_VARIABLES]
    )
    with tf.control_dependencies([v1.assign_add(bias, 1.0)]):
        return y + bias


@pytest.mark.parametrize("before", [tables, loop, py_func, reference])
def test_what_is_reset_can_be_kept(tmp_path, before):
    write_checkpoint(tmp_path, 1)
    model = made(ours, tmp_path, before=before)
    with model.warm_evaluator(input_fn) as evaluate:
        cold = model.evaluate(input_fn)
        assert [equal(evaluate(), cold) for _ in range(3)] == [True] * 3
        assert evaluate.reason_for_cold == ""
