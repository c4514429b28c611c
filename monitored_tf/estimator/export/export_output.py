"""What a model gives to those who load it: a class for a kind of signature."""

from __future__ import annotations

from monitored_tf.estimator.export.output_base import ExportOutput
from monitored_tf.estimator.export.serving_output import (
    ClassificationOutput,
    PredictOutput,
    RegressionOutput,
)
from monitored_tf.estimator.export.supervised_output import (
    EvalOutput,
    SupervisedOutput,
    TrainOutput,
)

# What subclasses of tf.estimator's call it.
_SupervisedOutput = SupervisedOutput

__all__ = [
    "ClassificationOutput",
    "EvalOutput",
    "ExportOutput",
    "PredictOutput",
    "RegressionOutput",
    "SupervisedOutput",
    "TrainOutput",
]
