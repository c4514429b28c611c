"""Outputs that TensorFlow Serving has an API for."""

import pytest
import tensorflow as tf

v1 = tf.compat.v1
saved_model = v1.saved_model


def _names(infos):
    return {key: info.name for key, info in infos.items()}


def test_predictions_are_named(lib, placeholder):
    inputs, one, other = placeholder(name="i"), placeholder(), placeholder()
    output = lib.PredictOutput({"a": one, ("head", "b"): other})
    assert output.outputs == {"a": one, "head/b": other}
    signature = output.as_signature_def({"x": inputs})
    assert signature.method_name == "tensorflow/serving/predict"
    assert _names(signature.inputs) == {"x": "i:0"}
    assert _names(signature.outputs) == {"a": one.name, "head/b": other.name}
    assert saved_model.is_valid_signature(signature)


def test_a_prediction_alone_is_called_output(lib, placeholder):
    one = placeholder()
    output = lib.PredictOutput(one)
    assert output.outputs == {"output": one}
    assert isinstance(output, lib.ExportOutput)


@pytest.mark.parametrize(
    ("outputs", "match"),
    [
        ({1: "ok"}, "Prediction output key must be a string"),
        ({"a": 1.0}, "Prediction output value must be a Tensor"),
        ([1.0], "Prediction output value must be a Tensor"),
        (None, "Prediction output value must be a Tensor"),
    ],
)
def test_predictions_are_tensors(lib, placeholder, outputs, match):
    if outputs == {1: "ok"}:
        outputs = {1: placeholder()}
    with pytest.raises(ValueError, match=match):
        lib.PredictOutput(outputs)


def test_a_variable_is_no_prediction(lib, graph):
    with pytest.raises(ValueError, match="must be a Tensor"):
        lib.PredictOutput(v1.get_variable("v", [1], use_resource=True))


@pytest.mark.parametrize("missing", ["inputs", "outputs"])
def test_a_signature_has_inputs_and_outputs(lib, placeholder, missing):
    one = {"a": placeholder()}
    output = lib.PredictOutput({} if missing == "outputs" else one)
    with pytest.raises(ValueError, match=f"`{missing}` cannot be None or empt"):
        output.as_signature_def({} if missing == "inputs" else one)


@pytest.mark.parametrize("given", ["scores", "classes", "both"])
def test_classes_and_scores(lib, placeholder, given):
    examples = placeholder(tf.string, "examples")
    scores = placeholder() if given != "classes" else None
    classes = placeholder(tf.string) if given != "scores" else None
    output = lib.ClassificationOutput(scores=scores, classes=classes)
    assert output.scores is scores
    assert output.classes is classes
    signature = output.as_signature_def({"any": examples})
    assert signature.method_name == "tensorflow/serving/classify"
    assert _names(signature.inputs) == {"inputs": "examples:0"}
    expected = {"scores": scores, "classes": classes}
    assert _names(signature.outputs) == {
        key: tensor.name
        for key, tensor in expected.items()
        if tensor is not None
    }
    assert saved_model.is_valid_signature(signature)


@pytest.mark.parametrize(
    ("scores", "classes", "match"),
    [
        (None, None, "`scores` and `classes` must be defined"),
        ([1.0], None, "Classification scores must be a float32 Tensor"),
        (tf.int64, None, "Classification scores must be a float32 Tensor"),
        (None, ["a"], "Classification classes must be a string Tensor"),
        (None, tf.int64, "Classification classes must be a string Tensor"),
    ],
)
def test_scores_are_floats_and_classes_strings(
    lib, placeholder, scores, classes, match
):
    with pytest.raises(ValueError, match=match):
        lib.ClassificationOutput(
            *(
                placeholder(one) if isinstance(one, tf.DType) else one
                for one in (scores, classes)
            )
        )


def test_values_of_a_regression(lib, placeholder):
    value = placeholder()
    output = lib.RegressionOutput(value)
    assert output.value is value
    signature = output.as_signature_def({"x": placeholder(tf.string, "e")})
    assert signature.method_name == "tensorflow/serving/regress"
    assert _names(signature.inputs) == {"inputs": "e:0"}
    assert _names(signature.outputs) == {"outputs": value.name}


@pytest.mark.parametrize("value", [None, [1.0], tf.int64])
def test_the_value_of_a_regression_is_a_tensor_of_floats(
    lib, placeholder, value
):
    if isinstance(value, tf.DType):
        value = placeholder(value)
    with pytest.raises(ValueError, match="value must be a float32 Tensor"):
        lib.RegressionOutput(value)


@pytest.mark.parametrize("kind", ["ClassificationOutput", "RegressionOutput"])
@pytest.mark.parametrize("dtypes", [[], [tf.float32], [tf.string, tf.string]])
def test_examples_come_as_one_tensor_of_strings(lib, placeholder, kind, dtypes):
    output = getattr(lib, kind)(placeholder())
    inputs = {str(i): placeholder(dtype) for i, dtype in enumerate(dtypes)}
    with pytest.raises(ValueError, match="only accept a single tensor input"):
        output.as_signature_def(inputs)


@pytest.mark.parametrize("kind", ["ClassificationOutput", "RegressionOutput"])
def test_other_floats_make_no_signature(lib, placeholder, kind):
    output = getattr(lib, kind)(placeholder(tf.float64))
    with pytest.raises(ValueError, match="float"):
        output.as_signature_def({"x": placeholder(tf.string)})
