"""What a model function returns: modes, order of the fields, replacing."""

import pytest

FIELDS = (
    "mode",
    "predictions",
    "loss",
    "train_op",
    "eval_metric_ops",
    "export_outputs",
    "training_chief_hooks",
    "training_hooks",
    "scaffold",
    "evaluation_hooks",
    "prediction_hooks",
)
REQUIRED = {
    "train": ("loss", "train_op"),
    "eval": ("loss",),
    "infer": ("predictions",),
}


def _fields(model, names):
    return {name: getattr(model, name) for name in names}


def test_it_is_a_named_tuple_in_this_order(estimator, model):
    spec = estimator.EstimatorSpec("eval", loss=model.loss)
    assert isinstance(spec, tuple)
    assert spec._fields == FIELDS
    assert spec[0] == spec.mode == "eval"
    assert spec[2] is model.loss
    assert repr(spec).startswith("EstimatorSpec(mode='eval'")


def test_all_arguments_in_order(estimator, model, hook):
    given = (
        "train",
        model.predictions,
        model.loss,
        model.train_op,
        {"mean": model.metric},
        {"any": "thing"},
        [hook],
        (hook,),
        estimator.EstimatorSpec("eval", loss=model.loss).scaffold,
        [hook, hook],
        None,
    )
    spec = estimator.EstimatorSpec(*given)
    assert spec[:6] == given[:6]
    assert spec.scaffold is given[8]
    hooks = (spec[6], spec[7], spec[9], spec[10])
    assert hooks == ((hook,), (hook,), (hook, hook), ())


@pytest.mark.parametrize("mode", REQUIRED)
def test_what_a_mode_needs_is_enough(estimator, model, mode):
    spec = estimator.EstimatorSpec(mode, **_fields(model, REQUIRED[mode]))
    for name in REQUIRED[mode]:
        assert getattr(spec, name) == getattr(model, name)
    for name in {"loss", "train_op"} - {*REQUIRED[mode]}:
        assert getattr(spec, name) is None
    if mode != "infer":
        assert spec.predictions == {}
    assert spec.eval_metric_ops == {}


@pytest.mark.parametrize(
    ("mode", "missing"),
    [(mode, name) for mode, names in REQUIRED.items() for name in names],
)
def test_what_a_mode_needs_must_be_there(estimator, model, mode, missing):
    names = {"predictions", "loss", "train_op"} - {missing}
    with pytest.raises(ValueError, match=f"Missing {missing}"):
        estimator.EstimatorSpec(mode, **_fields(model, names))


def test_an_unknown_mode_needs_nothing(estimator, graph):
    spec = estimator.EstimatorSpec("other")
    assert (spec.mode, spec.predictions) == ("other", {})


def test_replace_checks_anew(estimator, model, foreign):
    spec = estimator.EstimatorSpec(
        "eval", loss=model.loss, eval_metric_ops={"mean": model.metric}
    )
    replaced = spec._replace(loss=model.loss * 2, predictions=model.loss)
    assert type(replaced) is estimator.EstimatorSpec
    assert replaced.loss is not spec.loss
    assert replaced.predictions is model.loss
    assert replaced.eval_metric_ops == {"mean": model.metric}
    assert replaced.scaffold is spec.scaffold
    with pytest.raises(ValueError, match="Missing loss"):
        spec._replace(loss=None)
    with pytest.raises(ValueError, match="from the default graph"):
        spec._replace(loss=foreign.tensor)
    with pytest.raises(TypeError, match="train_op must be"):
        spec._replace(train_op="train")


def test_replace_in_predict_mode(estimator, model):
    spec = estimator.EstimatorSpec("infer", predictions=model.predictions)
    replaced = spec._replace(predictions={"other": model.loss})
    assert [*replaced.predictions] == ["other"]
    assert replaced.export_outputs == spec.export_outputs


def test_replace_keeps_the_mode(estimator, model):
    spec = estimator.EstimatorSpec("eval", loss=model.loss)
    assert spec._replace(mode="eval") == spec
    with pytest.raises(ValueError, match="mode of EstimatorSpec cannot be"):
        spec._replace(mode="train")


def test_replace_knows_the_fields(graph):
    import monitored_tf.estimator as ours

    with pytest.raises(ValueError, match="has no field weights. It has mode"):
        ours.EstimatorSpec("other")._replace(weights=1)
