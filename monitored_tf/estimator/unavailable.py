"""What tf.estimator has and this Estimator has not, and what to do instead."""

from __future__ import annotations

_OLD = (
    "or run it on TensorFlow 2.15, the last with its own tf.estimator, which "
    "monitored_tf.install(estimator=False) leaves in place"
)
_MODEL_FN = (
    "write its network in a model_fn and give that to "
    f"monitored_tf.estimator.Estimator, {_OLD}"
)
_HEAD = (
    "compute loss, predictions and eval_metric_ops in model_fn with "
    "tf.compat.v1.losses and tf.compat.v1.metrics and return them in an "
    f"EstimatorSpec, {_OLD}"
)
_TPU = (
    "use its Estimator, EstimatorSpec and RunConfig, which take the same "
    "model_fn without TPUs, or train on TPUs with tf.distribute.TPUStrategy"
)
_KERAS = (
    "call the Keras model in a model_fn, where monitored_tf lets it train as "
    f"it should, {_OLD}"
)
_PARSE_SPEC = (
    "call tf.feature_column.make_parse_example_spec(columns) and add the "
    "label's tf.io.FixedLenFeature to the dict"
)

_INSTEAD = {
    _MODEL_FN: (
        "BaselineClassifier",
        "BaselineEstimator",
        "BaselineRegressor",
        "BoostedTreesClassifier",
        "BoostedTreesEstimator",
        "BoostedTreesRegressor",
        "DNNClassifier",
        "DNNEstimator",
        "DNNLinearCombinedClassifier",
        "DNNLinearCombinedEstimator",
        "DNNLinearCombinedRegressor",
        "DNNRegressor",
        "KMeans",
        "LinearClassifier",
        "LinearEstimator",
        "LinearRegressor",
        "LinearSDCA",
        "RNNClassifier",
        "RNNEstimator",
        "dnn_logit_fn_builder",
        "linear_logit_fn_builder",
    ),
    _HEAD: (
        "BinaryClassHead",
        "Head",
        "LogisticRegressionHead",
        "MultiClassHead",
        "MultiHead",
        "MultiLabelHead",
        "PoissonRegressionHead",
        "RegressionHead",
        "binary_classification_head",
        "logistic_regression_head",
        "multi_class_head",
        "multi_head",
        "multi_label_head",
        "poisson_regression_head",
        "regression_head",
    ),
    _TPU: (
        "InputPipelineConfig",
        "TPUConfig",
        "TPUEstimator",
        "TPUEstimatorSpec",
        "tpu",
    ),
    _KERAS: ("model_to_estimator",),
    _PARSE_SPEC: (
        "classifier_parse_example_spec",
        "regressor_parse_example_spec",
    ),
}
_BY_NAME = {
    name: instead for instead, names in _INSTEAD.items() for name in names
}


def explain(name: str) -> str | None:
    """Returns what to do without a name of tf.estimator; None if unknown.

    Args:
      name: Of `tf.estimator` or one of its modules, as "DNNClassifier".
    """
    instead = _BY_NAME.get(name)
    if instead is None:
        return None
    return f"monitored_tf.estimator has no {name}: {instead}."
