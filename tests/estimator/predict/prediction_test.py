"""Predictions, of our Estimator and of the real one."""

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from tests.estimator import trained_model
from tests.estimator.trained_model import input_fn, made, write_checkpoint

v1 = tf.compat.v1


def test_rows_are_yielded(estimator, tmp_path):
    write_checkpoint(tmp_path, 1)
    rows = [*made(estimator, tmp_path).predict(input_fn)]
    assert [row["y"] for row in rows] == [3 * x for x in range(10)]
    assert [*rows[0]] == ["y", "double"]


def test_batches_are_yielded(estimator, tmp_path):
    write_checkpoint(tmp_path, 1)
    batches = made(estimator, tmp_path).predict(
        input_fn, yield_single_examples=False
    )
    assert [batch["y"].tolist() for batch in batches] == [
        [0, 3, 6, 9],
        [12, 15, 18, 21],
        [24, 27],
    ]


def test_nothing_happens_before_the_first_one(estimator, tmp_path):
    calls = []
    predictions = made(estimator, tmp_path, calls=calls).predict(
        input_fn, hooks=["no hook"]
    )
    assert calls == []
    with pytest.raises(TypeError, match="must be a SessionRunHook"):
        next(predictions)


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        (None, ["y", "double"]),
        ([], ["y", "double"]),
        (["double", "other"], ["double"]),
        ("double", ["double"]),
        ("doubley", ["y", "double"]),
    ],
)
def test_keys_choose(estimator, tmp_path, keys, left):
    row = next(made(estimator, tmp_path).predict(input_fn, keys))
    assert [*row] == left


def test_some_key_must_be_there(estimator, tmp_path):
    predictions = made(estimator, tmp_path).predict(input_fn, ["other"])
    with pytest.raises(ValueError, match="Expected to run at least one output"):
        next(predictions)


def tensor_model(estimator, tmp_path, tensor):
    return estimator.Estimator(
        lambda features, mode: estimator.EstimatorSpec(
            mode, tensor(features["x"])
        ),
        str(tmp_path),
    )


def features_fn():
    return tf.data.Dataset.from_tensors({"x": np.float32([[1, 2], [3, 4]])})


def test_a_tensor_gives_its_rows(estimator, tmp_path):
    rows = tensor_model(estimator, tmp_path, lambda x: x).predict(features_fn)
    assert [row.tolist() for row in rows] == [[1, 2], [3, 4]]


def test_a_tensor_has_no_keys(estimator, tmp_path):
    predictions = tensor_model(estimator, tmp_path, lambda x: x).predict(
        features_fn, ["x"]
    )
    with pytest.raises(ValueError, match="in case of non-dict predictions"):
        next(predictions)


def test_first_dimensions_must_be_equal(estimator, tmp_path):
    predictions = tensor_model(
        estimator, tmp_path, lambda x: {"a": x, "b": x[:1]}
    ).predict(features_fn)
    with pytest.raises(ValueError, match="Batch length of predictions"):
        next(predictions)


def test_a_scalar_has_no_rows(estimator, tmp_path):
    predictions = tensor_model(
        estimator, tmp_path, lambda x: {"a": tf.reduce_sum(x)}
    ).predict(features_fn)
    with pytest.raises(IndexError):
        next(predictions)


def test_a_checkpoint_can_be_given(estimator, tmp_path):
    older = write_checkpoint(tmp_path, 1, weight=4.0)
    write_checkpoint(tmp_path, 2)
    predictions = made(estimator, tmp_path).predict(
        input_fn, checkpoint_path=older
    )
    assert [row["y"] for row in predictions][1] == 4


def test_a_checkpoint_must_exist(estimator, tmp_path):
    predictions = made(estimator, tmp_path).predict(
        input_fn, checkpoint_path="none"
    )
    with pytest.raises(ValueError, match="is not a valid checkpoint"):
        next(predictions)


def test_hooks_come_in_their_order(estimator, tmp_path):
    log = []

    class Named(v1.train.SessionRunHook):
        def __init__(self, name):
            self.name = name

        def begin(self):
            log.append(self.name)

    model = made(
        estimator, tmp_path, prediction_hooks=lambda: [Named("of spec")]
    )
    next(model.predict(input_fn, hooks=[Named("user")]))
    assert log == ["user", "of spec"]


def test_a_hook_ends_it(estimator, tmp_path):
    class Stops(v1.train.SessionRunHook):
        def after_run(self, run_context, run_values):
            run_context.request_stop()

    rows = made(estimator, tmp_path).predict(input_fn, hooks=[Stops()])
    assert len([*rows]) == 4


def test_an_abandoned_generator_skips_the_end_of_hooks(estimator, tmp_path):
    ended = []

    class Ends(v1.train.SessionRunHook):
        def end(self, session):
            ended.append(self)

    predictions = made(estimator, tmp_path).predict(input_fn, hooks=[Ends()])
    next(predictions)
    predictions.close()
    assert ended == []
    assert len([*made(estimator, tmp_path).predict(input_fn, hooks=[Ends()])])
    assert len(ended) == 1


def test_labels_are_left_out(estimator, tmp_path):
    def model_fn(features, mode):
        return estimator.EstimatorSpec(mode, {"y": features["x"]})

    model = estimator.Estimator(model_fn, str(tmp_path))
    assert next(model.predict(input_fn)) == {"y": 0}


def test_an_endless_input_is_told(tmp_path, caplog):
    def endless():
        return {"x": tf.constant([1.0])}

    predictions = made(ours, tmp_path).predict(endless)
    assert [next(predictions)["y"] for _ in range(3)] == [1, 1, 1]
    predictions.close()
    assert "contain a QueueRunner" in caplog.text
    caplog.clear()
    next(made(ours, tmp_path).predict(input_fn))
    assert "QueueRunner" not in caplog.text


def test_the_caller_keeps_the_default_graph(tmp_path):
    predictions = made(ours, tmp_path).predict(input_fn)
    default = v1.get_default_graph()
    next(predictions)
    assert tf.executing_eagerly()
    assert v1.get_default_graph() is default
    assert float(tf.constant(2.0) + 1) == 3.0
    predictions.close()
    assert tf.executing_eagerly()


def test_generators_may_be_interleaved(tmp_path):
    write_checkpoint(tmp_path, 1)
    model = made(ours, tmp_path)
    generators = [model.predict(input_fn) for _ in range(3)]
    rows = [[next(one)["y"] for one in generators] for _ in range(5)]
    assert rows == [[3 * x] * 3 for x in range(5)]
    model.evaluate(input_fn, steps=1)
    for one in generators:  # In the order of their making.
        one.close()


def test_graphs_of_hooks_are_those_of_the_model(tmp_path):
    graphs = []

    class Looks(v1.train.SessionRunHook):
        def begin(self):
            graphs.append(v1.get_default_graph())

        def before_run(self, run_context):
            graphs.append(v1.get_default_graph())

        def end(self, session):
            graphs.append(v1.get_default_graph())

    assert [*made(ours, tmp_path).predict(input_fn, hooks=[Looks()])]
    assert len({*map(id, graphs)}) == 1
    assert len(graphs) == 6  # begin, three batches, the end of them, end.


def test_both_predict_the_same(tmp_path):
    pytest.importorskip("tensorflow_estimator")
    write_checkpoint(tmp_path, 1, weight=0.1)
    ours_, theirs = (
        [*made(module, tmp_path).predict(input_fn)]
        for module in (ours, v1.estimator)
    )
    assert all(map(trained_model.equal, ours_, theirs))
