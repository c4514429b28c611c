"""The graph of an evaluation as a value."""

import tensorflow as tf

import monitored_tf.estimator as ours
from monitored_tf.estimator.evaluate import evaluation, evaluation_graph
from tests.estimator.trained_model import (
    equal,
    input_fn,
    made,
    write_checkpoint,
)

v1 = tf.compat.v1


class Hook(v1.train.SessionRunHook):
    """Does nothing."""


def test_it_can_be_run_again(tmp_path):
    path = write_checkpoint(tmp_path, 1)
    estimator = made(ours, tmp_path)
    built = evaluation_graph.build(
        estimator._model, input_fn, checkpoint_path=path
    )
    results = [
        evaluation.run_and_write(estimator._model, built, path, None)
        for _ in range(2)
    ]
    assert equal(*results)
    assert equal(results[0], estimator.evaluate(input_fn))


def test_hooks_have_their_order(tmp_path):
    user, of_spec = Hook(), Hook()
    estimator = made(ours, tmp_path, evaluation_hooks=lambda: [of_spec])
    built = evaluation_graph.build(estimator._model, input_fn, 2, iter([user]))
    assert built.hooks == (
        *built.input_hooks,
        user,
        *built.stop_hooks,
        of_spec,
    )
    assert (len(built.input_hooks), len(built.stop_hooks)) == (1, 1)


def test_it_is_built_alike_each_time(tmp_path):
    def metrics(y):
        return {name: v1.metrics.mean(y) for name in "bca"}

    model = made(ours, tmp_path, metrics=metrics)._model
    first, second = (
        evaluation_graph.build(model, input_fn).graph.as_graph_def()
        for _ in range(2)
    )
    assert first == second
