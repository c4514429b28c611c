"""The signatures of a SavedModel."""

import pytest
import tensorflow as tf

from monitored_tf.estimator import export

v1 = tf.compat.v1
DEFAULT = tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY


@pytest.fixture
def examples(placeholder):
    return placeholder(tf.string, "examples")


@pytest.fixture
def scores(examples):
    """A tensor that can be computed from the examples."""
    return tf.strings.to_number(examples)


def test_each_output_has_a_signature(lib, examples, scores):
    signatures = lib.build_all_signature_defs(
        {"x": examples},
        {
            DEFAULT: lib.PredictOutput({"s": scores}),
            "classify": lib.ClassificationOutput(scores),
            "regress": lib.RegressionOutput(scores),
            None: lib.PredictOutput(scores),
        },
    )
    assert {key: one.method_name for key, one in signatures.items()} == {
        DEFAULT: "tensorflow/serving/predict",
        "classify": "tensorflow/serving/classify",
        "regress": "tensorflow/serving/regress",
        "None": "tensorflow/serving/predict",
    }
    assert list(signatures[DEFAULT].inputs) == ["x"]
    assert list(signatures[DEFAULT].outputs) == ["s"]


def test_a_receiver_tensor_alone_is_called_input(lib, examples, scores):
    signatures = lib.build_all_signature_defs(
        examples, {"a": lib.PredictOutput(scores * 2.0)}, {"other": scores}
    )
    assert list(signatures["a"].inputs) == ["input"]
    assert list(signatures["other:a"].inputs) == ["input"]


def test_alternatives_have_signatures_of_their_own(lib, examples, scores):
    signatures = lib.build_all_signature_defs(
        {"x": examples},
        {
            "predict": lib.PredictOutput(scores * 2.0),
            "regress": lib.RegressionOutput(scores * 2.0),
        },
        {"numbers": {"n": scores}, "again": {"e": examples}},
    )
    assert set(signatures) == {
        "predict",
        "regress",
        "numbers:predict",
        "again:predict",
        "again:regress",
    }
    assert signatures["numbers:predict"].inputs["n"].name == scores.name


def test_what_cannot_be_served_is_left_out_and_logged(
    lib, placeholder, examples, scores, caplog
):
    outside = placeholder(name="outside")
    number = placeholder(name="number")
    with caplog.at_level("INFO"):
        signatures = lib.build_all_signature_defs(
            {"x": number},
            {
                "regress": lib.RegressionOutput(number),
                "depends": lib.PredictOutput(number + outside),
                "good": lib.PredictOutput(number),
            },
        )
    assert list(signatures) == ["good"]
    if lib is export:
        assert "No signature 'regress': Regression signatures" in caplog.text
        assert "No signature 'depends': the output 'output'" in caplog.text
        assert "'outside'" in caplog.text
        assert "no default signature" in caplog.text


def test_there_may_be_no_signature_at_all(placeholder, caplog):
    outside = export.PredictOutput(placeholder())
    assert not export.build_all_signature_defs(placeholder(), {"a": outside})
    assert "no signatures" in caplog.text


@pytest.mark.parametrize("serving_only", [True, False])
def test_train_and_eval_signatures_are_not_served(
    lib, placeholder, serving_only
):
    one = placeholder()
    signatures = lib.build_all_signature_defs(
        {"x": one},
        {
            "train": lib.TrainOutput(one),
            "eval": lib.EvalOutput(one),
            "serve": lib.PredictOutput(one),
        },
        serving_only=serving_only,
    )
    expected = {"serve"} if serving_only else {"train", "eval", "serve"}
    assert set(signatures) == expected


@pytest.mark.parametrize("outputs", [None, [], "text"])
def test_outputs_are_a_dict(lib, placeholder, outputs):
    with pytest.raises(ValueError, match="`export_outputs` must be a dict"):
        lib.build_all_signature_defs(placeholder(), outputs)


@pytest.mark.parametrize(
    ("mode", "tag", "key"),
    [
        ("infer", "serve", DEFAULT),
        ("train", "train", "train"),
        ("eval", "eval", "eval"),
        ("predict", "serve", DEFAULT),
        ("test", "eval", "eval"),
    ],
)
def test_tags_and_keys(lib, mode, tag, key):
    assert lib.EXPORT_TAG_MAP[mode] == [tag]
    assert lib.SIGNATURE_KEY_MAP[mode] == key


def test_outputs_of_training_and_evaluation(lib, placeholder):
    one = placeholder()
    for mode, kind in (("train", lib.TrainOutput), ("eval", lib.EvalOutput)):
        outputs = lib.export_outputs_for_mode(
            mode, None, {"p": one}, one, {"m": (one, one)}
        )
        assert list(outputs) == [mode]
        assert isinstance(outputs[mode], kind)
        assert outputs[mode].loss == {"loss": one}
        assert outputs[mode].predictions == {"predictions/p": one}
        assert sorted(outputs[mode].metrics) == [
            "metrics/m/update_op",
            "metrics/m/value",
        ]


def test_predictions_are_served_if_nothing_else_is(lib, placeholder):
    one = placeholder()
    outputs = lib.export_outputs_for_mode("infer", None, {"p": one})
    assert list(outputs) == [DEFAULT]
    assert outputs[DEFAULT].outputs == {"p": one}


def test_an_only_output_is_the_default_too(lib, placeholder):
    output = lib.PredictOutput(placeholder())
    outputs = lib.get_export_outputs({"mine": output}, None)
    assert outputs == {"mine": output, DEFAULT: output}
    only_default = lib.get_export_outputs({DEFAULT: output}, None)
    assert only_default == {DEFAULT: output}


def test_the_dict_of_the_caller_is_not_changed(placeholder):
    given = {"mine": export.PredictOutput(placeholder())}
    export.get_export_outputs(given, None)
    assert list(given) == ["mine"]


def test_of_several_outputs_one_is_the_default(lib, placeholder):
    output = lib.PredictOutput(placeholder())
    with pytest.raises(ValueError, match="Multiple `export_outputs` were prov"):
        lib.get_export_outputs({"a": output, "b": output}, None)
    outputs = {"a": output, DEFAULT: output}
    assert lib.get_export_outputs(outputs, None) == outputs


@pytest.mark.parametrize(
    ("outputs", "match"),
    [
        ([1], "`export_outputs` must be dict, received"),
        ({"a": 1}, "must be ExportOutput objects, received"),
    ],
)
def test_outputs_are_outputs(lib, graph, outputs, match):
    with pytest.raises(TypeError, match=match):
        lib.get_export_outputs(outputs, None)


def test_another_mode_is_an_error(lib, graph):
    with pytest.raises(ValueError, match="Invalid mode key"):
        lib.export_outputs_for_mode("other", None, None)


def test_the_signatures_are_those_of_a_saved_model(lib, graph, tmp_path):
    features = v1.placeholder(tf.float32, [None], name="x")
    receiver = lib.ServingInputReceiver({"x": features}, {"x": features})
    outputs = lib.export_outputs_for_mode("infer", None, features * 2.0)
    builder = v1.saved_model.Builder(str(tmp_path / "model"))
    with v1.Session() as session:
        builder.add_meta_graph_and_variables(
            session,
            lib.EXPORT_TAG_MAP["infer"],
            lib.build_all_signature_defs(receiver.receiver_tensors, outputs),
        )
    builder.save()
    with tf.Graph().as_default(), v1.Session() as session:
        loaded = v1.saved_model.load(
            session, ["serve"], str(tmp_path / "model")
        )
        signature = loaded.signature_def[DEFAULT]
        doubled = session.run(
            signature.outputs["output"].name,
            {signature.inputs["x"].name: [1.0, 2.0]},
        )
    assert doubled.tolist() == [2.0, 4.0]
