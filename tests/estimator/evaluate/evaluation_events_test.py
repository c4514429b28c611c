"""The event file of an evaluation, of our Estimator and of the real one."""

import math

import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from tests.estimator.trained_model import (
    events_of,
    input_fn,
    made,
    write_checkpoint,
)

v1 = tf.compat.v1


def constant(value):
    """A metric with this value."""
    return lambda: (tf.constant(value), tf.no_op())


def serialized():
    image = tf.zeros([1, 2, 2, 1])
    both = [v1.summary.scalar("s", 0.5), v1.summary.image("i", image)]
    return v1.summary.merge(both), tf.no_op()


METRICS = {
    "array": (constant([1.0, 2.0]), [("array", [1.0, 2.0])]),
    "bool": (constant(True), []),
    "bytes": (constant(b"\xff\xff"), []),
    "double": (
        lambda: (tf.constant(0.5, tf.float64), tf.no_op()),
        [("double", 0.5)],
    ),
    "half": (lambda: (tf.constant(0.5, tf.float16), tf.no_op()), []),
    "int": (constant(3), [("int", 3.0)]),
    "long": (lambda: (tf.constant(4, tf.int64), tf.no_op()), [("long", 4.0)]),
    "none": (lambda: (tf.no_op(), tf.no_op()), []),
    "strings": (constant([b"a", b"b"]), [("strings", [b"a", b"b"])]),
    "summary": (serialized, [("summary/0", 0.5), ("summary/1", "image")]),
    "tiny": (lambda: (tf.constant(1, tf.uint8), tf.no_op()), []),
}


def test_each_kind_of_metric_has_its_form(estimator, tmp_path):
    path = write_checkpoint(tmp_path, 7)

    def metrics(y):
        return {name: make() for name, (make, _) in METRICS.items()}

    made(estimator, tmp_path, metrics=metrics).evaluate(input_fn, steps=1)
    wanted = {
        **METRICS,
        "loss": (None, [("loss", 1.5)]),
    }
    assert events_of(tmp_path / "eval") == [
        *((7, *event) for name in sorted(wanted) for event in wanted[name][1]),
        (7, "checkpoint_path", path.encode()),
    ]


def test_nan_is_written(estimator, tmp_path):
    write_checkpoint(tmp_path, 7)
    model = made(
        estimator, tmp_path, metrics=lambda y: {"nan": constant(math.nan)()}
    )
    model.evaluate(input_fn, steps=1)
    values = {tag: value for _, tag, value in events_of(tmp_path / "eval")}
    assert math.isnan(values["nan"])


def test_a_new_model_has_no_checkpoint_path(estimator, tmp_path):
    made(estimator, tmp_path).evaluate(input_fn, steps=1)
    assert [tag for _, tag, _ in events_of(tmp_path / "eval")] == ["loss"]


def test_summaries_of_the_graph_are_not_written(estimator, tmp_path):
    def before(y):
        v1.summary.scalar("mine", tf.reduce_sum(y))
        return y

    made(estimator, tmp_path, before=before).evaluate(input_fn, steps=1)
    assert [tag for _, tag, _ in events_of(tmp_path / "eval")] == ["loss"]


def graphs_of(folder):
    """The op names of the graphs in event files."""
    v1.summary.FileWriterCache.get(str(folder)).flush()
    return [
        [
            node.name
            for node in tf.compat.v1.GraphDef.FromString(event.graph_def).node
        ]
        for path in sorted(folder.iterdir())
        for event in v1.train.summary_iterator(str(path))
        if event.graph_def
    ]


def test_the_graph_is_written_once(estimator, tmp_path):
    model = made(estimator, tmp_path)
    model.evaluate(input_fn, steps=1)
    model.evaluate(input_fn, steps=1)
    (names,) = graphs_of(tmp_path / "eval")
    assert {"weight", "eval_step", "global_step"} <= {*names}


def test_both_write_the_same_ops(tmp_path):
    pytest.importorskip("tensorflow_estimator")
    written = [
        graphs_of(tmp_path / module.__name__ / "eval")
        for module in (ours, v1.estimator)
        if made(module, tmp_path / module.__name__).evaluate(input_fn, steps=1)
    ]
    (ours_,), (theirs,) = written
    print(sorted({*ours_} ^ {*theirs}))
    assert ours_ == theirs
