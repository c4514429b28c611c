"""What the fields of an EstimatorSpec must be."""

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from monitored_tf.estimator import spec_checks
from monitored_tf.estimator.export import export_output

SPARSE = {"indices": [[0]], "values": [1.0], "dense_shape": [1]}


def _spec(estimator, model, **fields):
    """Returns a spec of an evaluation, good but for these fields."""
    return estimator.EstimatorSpec("eval", **{"loss": model.loss, **fields})


def test_a_train_op_may_be_operation_tensor_or_variable(estimator, model):
    assert _spec(estimator, model, train_op=model.loss).train_op is model.loss
    spec = _spec(estimator, model, train_op=model.train_op)
    assert spec.train_op is model.train_op
    variable = tf.compat.v1.train.get_global_step()
    spec = _spec(estimator, model, train_op=variable)
    assert spec.train_op is variable.op


@pytest.mark.parametrize("train_op", ["train", [1], 5])
def test_other_train_ops_are_type_errors(estimator, model, train_op):
    with pytest.raises(TypeError, match="train_op must be Operation or Tensor"):
        _spec(estimator, model, train_op=train_op)


@pytest.mark.parametrize(
    ("train_op", "error"), [(None, ValueError), ("train", TypeError)]
)
def test_the_error_of_a_train_op_says_where_to_get_one(train_op, error):
    with pytest.raises(error, match="tf.compat.v1.train optimizer returns"):
        spec_checks.checked_train_op(train_op, "train")


@pytest.mark.parametrize("value", [0.5, [0.5], [[0.5]]])
def test_a_loss_of_one_element_becomes_a_scalar(estimator, model, value):
    spec = _spec(estimator, model, loss=tf.constant(value))
    assert spec.loss.shape == []
    with tf.compat.v1.Session() as session:
        assert session.run(spec.loss) == 0.5


def test_a_scalar_loss_stays_the_same_tensor(estimator, model):
    assert _spec(estimator, model).loss is model.loss
    variable = tf.compat.v1.get_variable("loss", initializer=0.5)
    assert _spec(estimator, model, loss=variable).loss is variable


@pytest.mark.parametrize("shape", [None, [None], [None, 1]])
def test_a_loss_of_unknown_size_is_taken(estimator, model, shape):
    loss = tf.compat.v1.placeholder(tf.float32, shape)
    shaped = _spec(estimator, model, loss=loss).loss.shape
    assert shaped.rank == (None if shape is None else 0)


@pytest.mark.parametrize("value", [[1.0, 2.0], [[1.0], [2.0]], []])
def test_a_loss_of_more_or_less_elements_is_a_value_error(
    estimator, model, value
):
    with pytest.raises(ValueError, match="Loss must be scalar"):
        _spec(estimator, model, loss=tf.constant(value))


@pytest.mark.parametrize("loss", [0.5, "loss", np.float32(0.5)])
def test_a_loss_that_is_no_tensor_is_a_type_error(estimator, model, loss):
    with pytest.raises(TypeError, match="loss must be Tensor"):
        _spec(estimator, model, loss=loss)


def test_predictions_may_be_a_tensor_or_a_dict(estimator, model):
    for predictions in (model.loss, model.predictions, {}, {1: model.loss}):
        spec = _spec(estimator, model, predictions=predictions)
        assert spec.predictions == predictions


def test_the_dict_of_predictions_is_copied(estimator, model):
    given = {"score": model.loss}
    spec = _spec(estimator, model, predictions=given)
    given.clear()
    assert [*spec.predictions] == ["score"]


@pytest.mark.parametrize("wrong", [[1.0], 1.0, np.ones(1), "score"])
def test_other_predictions_are_type_errors(estimator, model, wrong):
    with pytest.raises(TypeError, match="predictions must be Tensor"):
        _spec(estimator, model, predictions=wrong)
    with pytest.raises(TypeError, match=r"predictions\[a\] must be Tensor"):
        _spec(estimator, model, predictions={"a": wrong})


def test_sparse_predictions_are_type_errors(estimator, model):
    sparse = tf.SparseTensor(**SPARSE)
    with pytest.raises(TypeError, match=r"predictions\[a\] must be Tensor"):
        _spec(estimator, model, predictions={"a": sparse})


def test_parts_of_another_graph_are_value_errors(estimator, model, foreign):
    for fields in (
        {"loss": foreign.tensor},
        {"train_op": foreign.train_op},
        {"predictions": foreign.tensor},
        {"predictions": {"a": foreign.tensor}},
        {"eval_metric_ops": {"a": foreign.metric}},
        {"eval_metric_ops": {"a": (model.loss, foreign.train_op)}},
    ):
        (name,) = fields
        said = name.replace("predictions", "prediction values")
        text = f'^{said} with ".*" must be from the default graph'
        with pytest.raises(ValueError, match=text):
            _spec(estimator, model, **fields)


def test_the_error_of_another_graph_names_the_key(estimator, model, foreign):
    for fields in (
        {"predictions": {"a": foreign.tensor}},
        {"eval_metric_ops": {"a": foreign.metric}},
    ):
        with pytest.raises(ValueError, match=' with "a: .*:0" must be from'):
            _spec(estimator, model, **fields)


def test_no_graph_is_asked_for_with_eager_execution(estimator):
    if not tf.executing_eagerly():
        pytest.skip("eager execution is off")
    loss = tf.constant(0.5)
    spec = estimator.EstimatorSpec("train", loss=loss, train_op=loss)
    assert spec.train_op is loss


HOOKS = (
    "training_chief_hooks",
    "training_hooks",
    "evaluation_hooks",
    "prediction_hooks",
)


@pytest.mark.parametrize("name", HOOKS)
def test_hooks_become_tuples(estimator, model, hook, name):
    assert getattr(_spec(estimator, model), name) == ()
    for hooks in ([hook], (hook,), iter([hook])):
        spec = _spec(estimator, model, **{name: hooks})
        assert getattr(spec, name) == (hook,)


@pytest.mark.parametrize("name", HOOKS)
def test_what_is_no_hook_is_a_type_error(estimator, model, hook, name):
    text = "All hooks must be SessionRunHook instances"
    with pytest.raises(TypeError, match=text):
        _spec(estimator, model, **{name: [hook, "hook"]})
    with pytest.raises(TypeError, match="object is not iterable"):
        _spec(estimator, model, **{name: hook})


def test_the_error_of_a_single_hook_says_what_to_write(hook):
    with pytest.raises(TypeError, match=r"training_hooks must be .*\[hook\]"):
        spec_checks.checked_hooks(hook, "training_hooks")


def test_scaffold(estimator, model):
    assert isinstance(
        _spec(estimator, model).scaffold, tf.compat.v1.train.Scaffold
    )
    given = tf.compat.v1.train.Scaffold()
    assert _spec(estimator, model, scaffold=given).scaffold is given
    with pytest.raises(TypeError, match="scaffold must be tf.train.Scaffold"):
        _spec(estimator, model, scaffold="scaffold")


DEFAULT = tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY


def _predict(estimator, predictions, export_outputs=None):
    return estimator.EstimatorSpec(
        "infer", predictions=predictions, export_outputs=export_outputs
    )


def test_predictions_are_exported_where_nothing_is_said(
    estimator, outputs, model
):
    spec = _predict(estimator, model.predictions)
    ((key, output),) = spec.export_outputs.items()
    assert key == DEFAULT
    assert isinstance(output, outputs.PredictOutput)
    assert output.outputs == model.predictions
    assert _predict(estimator, model.loss, {}).export_outputs == {}


def test_a_single_output_is_served_by_default_too(estimator, outputs, model):
    output = outputs.PredictOutput(model.predictions)
    spec = _predict(estimator, model.predictions, {"head": output})
    assert spec.export_outputs == {"head": output, DEFAULT: output}


def test_the_dict_of_outputs_is_not_changed(model):
    output = export_output.PredictOutput(model.predictions)
    given = {"head": output}
    spec = _predict(ours, model.predictions, given)
    assert [*given] == ["head"]
    again = _predict(ours, model.loss, spec.export_outputs)
    assert again.export_outputs == spec.export_outputs
    assert again.export_outputs is not spec.export_outputs


def test_one_of_several_outputs_must_be_the_default(estimator, outputs, model):
    output = outputs.PredictOutput(model.predictions)
    good = {"one": output, DEFAULT: output}
    spec = _predict(estimator, model.predictions, good)
    assert spec.export_outputs == good
    with pytest.raises(ValueError, match="default"):
        _predict(estimator, model.loss, {"one": output, "two": output})


def test_other_outputs_are_type_errors(estimator, outputs, model):
    output = outputs.PredictOutput(model.predictions)
    with pytest.raises(TypeError, match="must be (a )?dict"):
        _predict(estimator, model.loss, output)
    with pytest.raises(TypeError, match="ExportOutput"):
        _predict(estimator, model.loss, {"head": model.loss})


@pytest.mark.parametrize("mode", ["train", "eval", "other"])
def test_outputs_are_looked_at_in_predict_mode_only(estimator, model, mode):
    spec = estimator.EstimatorSpec(
        mode, loss=model.loss, train_op=model.train_op, export_outputs="any"
    )
    assert spec.export_outputs == "any"


def test_predictions_that_cannot_be_exported_are_value_errors(estimator, model):
    with pytest.raises(ValueError, match="(?i)key"):
        _predict(estimator, {1: model.loss})
    variable = tf.compat.v1.get_variable("score", initializer=0.5)
    with pytest.raises(ValueError, match="(?i)tensor"):
        _predict(estimator, {"score": variable})
