"""Outputs of a model that is exported to be trained or evaluated."""

import types

import pytest
import tensorflow as tf

from monitored_tf.estimator.export import export_output

v1 = tf.compat.v1


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("TrainOutput", "tensorflow/supervised/training"),
        ("EvalOutput", "tensorflow/supervised/eval"),
    ],
)
def test_the_signature_has_all_three(lib, placeholder, kind, method):
    inputs, loss, prediction = (placeholder() for _ in range(3))
    value, update = placeholder(), placeholder()
    output = getattr(lib, kind)(
        loss=loss,
        predictions={"p": prediction, "predictions_2": prediction},
        metrics={"m": (value, update), ("a", "b"): (value, update)},
    )
    assert output.loss == {"loss": loss}
    assert output.predictions == {
        "predictions/p": prediction,
        "predictions_2": prediction,
    }
    assert output.metrics == {
        "metrics/m/value": value,
        "metrics/m/update_op": update,
        "metrics/a/b/value": value,
        "metrics/a/b/update_op": update,
    }
    signature = output.as_signature_def({"x": inputs})
    assert signature.method_name == method
    assert signature.inputs["x"].name == inputs.name
    assert set(signature.outputs) == {
        *output.loss,
        *output.predictions,
        *output.metrics,
    }
    assert signature.outputs["metrics/m/value"].name == value.name


def test_what_is_not_given_is_none(lib, placeholder):
    output = lib.TrainOutput(placeholder())
    assert (output.predictions, output.metrics) == (None, None)
    assert list(output.as_signature_def({"x": placeholder()}).outputs) == [
        "loss"
    ]
    assert lib.EvalOutput().loss is None


def test_what_comes_alone_has_the_name_of_its_kind(lib, placeholder):
    one = placeholder()
    output = lib.EvalOutput(one, one, (one, one))
    assert output.loss == {"loss": one}
    assert output.predictions == {"predictions": one}
    assert output.metrics == {"metrics/value": one, "metrics/update_op": one}


def test_several_losses(lib, placeholder):
    one = placeholder()
    output = lib.TrainOutput({"head": one, "loss-2": one, ("a", "b"): one})
    assert set(output.loss) == {"loss/head", "loss-2", "loss/a/b"}


@pytest.mark.parametrize("update", ["op", "variable"])
def test_an_update_that_is_no_tensor_is_wrapped_in_one(
    lib, placeholder, graph, update
):
    count = v1.get_variable(
        "count", [], initializer=v1.zeros_initializer(), use_resource=True
    )
    step = tf.group(count.assign_add(1.0)) if update == "op" else count
    output = lib.EvalOutput(metrics={"m": (placeholder(), step)})
    tensor = output.metrics["metrics/m/update_op"]
    assert isinstance(tensor, tf.Tensor)
    assert tensor.op.name == "metric_op_wrapper"
    with v1.Session() as session:
        session.run(count.initializer)
        session.run(tensor)
        assert session.run(count) == (update == "op")


@pytest.mark.parametrize(
    ("kwargs", "match"),
    [
        ({"loss": 1.0}, "loss output value must be a Tensor"),
        ({"loss": {1: "ok"}}, "loss output key must be a string"),
        ({"predictions": {"a": 1.0}}, "predictions output value must be a Ten"),
        ({"predictions": {1: "ok"}}, "predictions output key must be a string"),
        ({"metrics": {1: ("ok", "ok")}}, "metrics output key must be a string"),
        ({"metrics": {"m": (1.0, "ok")}}, "output value must be a Tensor; got"),
        ({"metrics": {"m": ("ok", 1.0)}}, "must be a Tensor or Operation; got"),
        ({"metrics": {"m": ("ok",)}}, "pair|unpack"),
    ],
)
def test_all_are_tensors(lib, placeholder, kwargs, match):
    def with_tensors(value):
        if isinstance(value, dict):
            return {key: with_tensors(one) for key, one in value.items()}
        if isinstance(value, tuple):
            return tuple(map(with_tensors, value))
        return placeholder() if value == "ok" else value

    with pytest.raises(ValueError, match=match):
        lib.EvalOutput(**with_tensors(kwargs))


def test_a_keras_metric_is_a_value_and_its_update(lib, placeholder):
    value, update = placeholder(), placeholder()
    metric = types.SimpleNamespace(result=lambda: value, updates=[update])
    output = lib.EvalOutput(metrics={"m": metric})
    assert output.metrics == {
        "metrics/m/value": value,
        "metrics/m/update_op": update,
    }


def test_a_metric_without_one_update_is_an_error(placeholder):
    for updates in ([], [placeholder()] * 2):
        metric = types.SimpleNamespace(result=placeholder, updates=updates)
        with pytest.raises(ValueError, match="Keras metric with one update"):
            export_output.EvalOutput(metrics={"m": metric})
    with pytest.raises(ValueError, match="metrics/m must be a tuple"):
        export_output.EvalOutput(metrics={"m": placeholder()})


def test_a_signature_has_inputs(lib, placeholder):
    with pytest.raises(ValueError, match="`inputs` cannot be None or empty"):
        lib.TrainOutput(placeholder()).as_signature_def({})


def test_the_base_may_be_made_by_the_name_of_tf_estimator(placeholder):
    one = placeholder()
    output = export_output._SupervisedOutput(loss=one)
    assert output.loss == {output.LOSS_NAME: one}
