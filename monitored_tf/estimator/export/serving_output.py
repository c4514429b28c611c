"""Outputs that TensorFlow Serving has an API for."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from monitored_tf.estimator.export.output_base import (
    ExportOutput,
    named_tensors,
)

_saved_model = tf.compat.v1.saved_model


class PredictOutput(ExportOutput):
    """Any tensors by name: the signature of TensorFlow Serving's Predict.

    >>> with tf.Graph().as_default():
    ...     output = PredictOutput(tf.constant([1.0]))
    >>> list(output.outputs)
    ['output']

    Attributes:
      outputs: Dict of tensors by name.
    """

    def __init__(self, outputs: Any):
        """Takes the outputs.

        Args:
          outputs: Tensor, which gets the name "output", or dict of tensors by
            name. A name may be a tuple of strings; "/" then joins them.

        Raises:
          ValueError: A name is no string, or a value no tensor.
        """
        self._outputs = named_tensors(outputs, "output", "Prediction")

    @property
    def outputs(self) -> dict[str, Any]:
        """The tensors by name."""
        return self._outputs

    def as_signature_def(self, receiver_tensors: Any) -> Any:
        """Returns the signature; see `ExportOutput.as_signature_def`."""
        return _saved_model.predict_signature_def(
            receiver_tensors, self._outputs
        )


class ClassificationOutput(ExportOutput):
    """Classes and their scores: the signature of TensorFlow Serving's Classify.

    With both, a score belongs to the class at its place; with scores alone the
    place is the number of the class; with classes alone the best comes first.

    Attributes:
      scores: Tensor or None.
      classes: Tensor or None.
    """

    def __init__(self, scores: Any = None, classes: Any = None):
        """Takes scores, classes or both.

        Args:
          scores: Tensor of floats, a score for each class.
          classes: Tensor of strings, the names of the classes.

        Raises:
          ValueError: Both are None, or one is no tensor of its dtype.
        """
        if scores is None and classes is None:
            raise ValueError(
                "At least one of `scores` and `classes` must be defined; a "
                "ClassificationOutput of empty arguments has nothing to give."
            )
        if scores is not None and not _is_float(scores):
            raise ValueError(
                "Classification scores must be a float32 Tensor; got "
                f"{scores!r}."
            )
        if classes is not None and not _is_string(classes):
            raise ValueError(
                "Classification classes must be a string Tensor; got "
                f"{classes!r}. Class numbers go into a PredictOutput, or "
                "through tf.as_string."
            )
        self._scores = scores
        self._classes = classes

    @property
    def scores(self) -> Any:
        """The tensor of scores, or None."""
        return self._scores

    @property
    def classes(self) -> Any:
        """The tensor of class names, or None."""
        return self._classes

    def as_signature_def(self, receiver_tensors: Any) -> Any:
        """Returns the signature; see `ExportOutput.as_signature_def`."""
        return _saved_model.classification_signature_def(
            _examples(receiver_tensors, "Classification"),
            self._classes,
            self._scores,
        )


class RegressionOutput(ExportOutput):
    """Numbers: the signature of TensorFlow Serving's Regress.

    Attributes:
      value: Tensor of floats.
    """

    def __init__(self, value: Any):
        """Takes the predicted values.

        Args:
          value: Tensor of floats.

        Raises:
          ValueError: It is none.
        """
        if not _is_float(value):
            raise ValueError(
                "Regression output value must be a float32 Tensor; got "
                f"{value!r}."
            )
        self._value = value

    @property
    def value(self) -> Any:
        """The tensor of predicted values."""
        return self._value

    def as_signature_def(self, receiver_tensors: Any) -> Any:
        """Returns the signature; see `ExportOutput.as_signature_def`."""
        return _saved_model.regression_signature_def(
            _examples(receiver_tensors, "Regression"), self._value
        )


def _is_float(value: Any) -> bool:
    return isinstance(value, tf.Tensor) and value.dtype.is_floating


def _is_string(value: Any) -> bool:
    return isinstance(value, tf.Tensor) and value.dtype == tf.string


def _examples(receiver_tensors: Any, kind: str) -> Any:
    """Returns the one tensor of serialized examples."""
    tensors = list(receiver_tensors.values())
    if len(tensors) != 1 or tensors[0].dtype != tf.string:
        raise ValueError(
            f"{kind} signatures can only accept a single tensor input of type "
            "tf.string, of serialized tf.Examples, which the receiver function "
            "parses with tf.io.parse_example; see "
            "build_parsing_serving_input_receiver_fn. "
            f"Received: {receiver_tensors}."
        )
    return tensors[0]
