"""The graph that the sessions of a predictor share."""

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from monitored_tf.estimator.predict import predictor_graph
from tests.estimator.trained_model import made

v1 = tf.compat.v1
SPEC = {"x": tf.TensorSpec([None], tf.float32)}


@pytest.fixture
def build(tmp_path):
    """Builds it of a small model; `model` are changes of that."""

    def build(receiver_fn=None, feature_spec=None, predict_keys=None, **model):
        return predictor_graph.build(
            made(ours, tmp_path, **model)._model,
            receiver_fn,
            feature_spec,
            predict_keys,
            None,
        )

    return build


def test_nothing_can_be_added_to_it(build):
    built = build(feature_spec=SPEC)
    assert built.graph.finalized
    assert built.graph is not v1.get_default_graph()
    assert {*built.predictions} == {"y", "double"}


def test_several_sessions_can_be_made_of_it(build):
    built = build(feature_spec=SPEC)
    feeds = {built.feed_tensors["x"]: np.float32([2])}
    for _ in range(2):
        with v1.Session(graph=built.graph) as session:
            session.run(built.scaffold.init_op)
            assert session.run(built.predictions["double"], feeds) == [4]


def test_what_is_fed_is_what_the_receiver_function_names(build):
    def receiver_fn():
        text = v1.placeholder(tf.string, [None], "text")
        return ours.export.ServingInputReceiver(
            {"x": tf.strings.to_number(text)}, {"numbers": text}
        )

    built = build(receiver_fn, predict_keys=["y"])
    assert {name: t.op.name for name, t in built.feed_tensors.items()} == {
        "numbers": "text"
    }
    assert {*built.predictions} == {"y"}


@pytest.mark.parametrize("both", [False, True])
def test_one_of_two_says_what_is_fed(build, both):
    calls = []
    given = (lambda: None, SPEC) if both else (None, None)
    with pytest.raises(ValueError, match="one of the two"):
        build(*given, calls=calls)
    assert calls == []


def test_an_unknown_key_is_an_error(build):
    with pytest.raises(ValueError, match="none"):
        build(feature_spec=SPEC, predict_keys=["none"])
