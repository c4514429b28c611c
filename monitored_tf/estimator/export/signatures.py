"""The signatures of a SavedModel: which there are, in each mode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf.estimator.export.export_output import (
    EvalOutput,
    ExportOutput,
    PredictOutput,
    TrainOutput,
)
from monitored_tf.estimator.export.receiver_tensors import RECEIVER_NAME
from monitored_tf.estimator.export.servable import check_servable

_saved_model = tf.compat.v1.saved_model
_DEFAULT_KEY = tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY

# By mode, of Estimators and of Keras.
_PREDICT_MODES = ("infer", "predict")
_TRAIN_MODES = ("train",)
_EVAL_MODES = ("eval", "test")


def _by_mode(predict: Any, train: Any, evaluate: Any) -> dict[str, Any]:
    return {
        **dict.fromkeys(_PREDICT_MODES, predict),
        **dict.fromkeys(_TRAIN_MODES, train),
        **dict.fromkeys(_EVAL_MODES, evaluate),
    }


EXPORT_TAG_MAP = _by_mode(
    [tf.saved_model.SERVING], [_saved_model.tag_constants.TRAINING], ["eval"]
)
SIGNATURE_KEY_MAP = _by_mode(_DEFAULT_KEY, "train", "eval")


def export_outputs_for_mode(
    mode: str,
    serving_export_outputs: Any = None,
    predictions: Any = None,
    loss: Any = None,
    metrics: Any = None,
) -> dict[str, ExportOutput]:
    """Returns the outputs of a mode by the key of their signature.

    Args:
      mode: "train", "eval" or "infer".
      serving_export_outputs: What the model's author gives to be served; used
        in "infer" alone.
      predictions: Tensor, or dict of tensors by name.
      loss: Tensor, or dict of tensors by name; not used in "infer".
      metrics: Dict of pairs of value and update by name; not used in "infer".

    Raises:
      ValueError: There is no such mode; several outputs and none is the
        default; or an output is none.
      TypeError: `serving_export_outputs` is no dict of outputs.
    """
    if mode not in SIGNATURE_KEY_MAP:
        raise ValueError(
            f"Invalid mode key: {mode!r}. Export output type not found for "
            f"`mode`. Expected one of: {list(SIGNATURE_KEY_MAP)}."
        )
    if mode in _PREDICT_MODES:
        return get_export_outputs(serving_export_outputs, predictions)
    kind = TrainOutput if mode in _TRAIN_MODES else EvalOutput
    return {SIGNATURE_KEY_MAP[mode]: kind(loss, predictions, metrics)}


def get_export_outputs(
    export_outputs: Any, predictions: Any
) -> dict[str, ExportOutput]:
    """Returns what is served, with a default among it.

    Args:
      export_outputs: Dict of `ExportOutput` by key, or None: the predictions
        are served. It is not changed.
      predictions: Tensor, or dict of tensors by name.

    Returns:
      A new dict. An only output is also the default one,
      `tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY`.

    Raises:
      TypeError: `export_outputs` is no dict of outputs.
      ValueError: It holds several and none is the default; or the predictions
        are no tensors.
    """
    if export_outputs is None:
        return {_DEFAULT_KEY: PredictOutput(predictions)}
    if not isinstance(export_outputs, dict):
        raise TypeError(
            "`export_outputs` must be dict, received: "
            f"{export_outputs!r}. Write {{{_DEFAULT_KEY!r}: ...}}."
        )
    for key, output in export_outputs.items():
        if not isinstance(output, ExportOutput):
            raise TypeError(
                "Values in `export_outputs` must be ExportOutput objects, "
                f"received: {output!r} as {key!r}. Wrap the tensors in a "
                "PredictOutput."
            )
    if len(export_outputs) == 1:
        return {**export_outputs, _DEFAULT_KEY: [*export_outputs.values()][0]}
    if export_outputs and _DEFAULT_KEY not in export_outputs:
        raise ValueError(
            "Multiple `export_outputs` were provided, but none of them are "
            f"specified as the default: name one of {list(export_outputs)} "
            "tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY."
        )
    return dict(export_outputs)


def build_all_signature_defs(
    receiver_tensors: Any,
    export_outputs: Any,
    receiver_tensors_alternatives: Mapping[str, Any] | None = None,
    serving_only: bool = True,
) -> dict[str, Any]:
    """Returns the signatures of all outputs, for all ways to feed.

    A signature that cannot be, because the output needs other inputs, is left
    out, and the log says why.

    Args:
      receiver_tensors: Tensor, or dict of tensors by name: what is fed.
      export_outputs: Dict of `ExportOutput` by key.
      receiver_tensors_alternatives: Dict, by name, of what may be fed instead;
        the signatures with it are called `<name>:<key>`.
      serving_only: Whether to leave out what TensorFlow Serving has no API
        for.

    Returns:
      Dict of SignatureDef protos by name; empty if none can be.

    Raises:
      ValueError: `export_outputs` is no dict.
    """
    if not isinstance(export_outputs, dict):
        raise ValueError(
            f"`export_outputs` must be a dict. Received {export_outputs!r}, "
            f"of type {type(export_outputs).__name__}."
        )
    feeds = [("", receiver_tensors)]
    for name, tensors in (receiver_tensors_alternatives or {}).items():
        feeds.append((f"{name or 'None'}:", tensors))
    signatures = {}
    left_out = {}
    for name, inputs, output in _pairs(feeds, export_outputs):
        try:
            signature = output.as_signature_def(inputs)
            check_servable(inputs.values(), signature)
            signatures[name] = signature
        except ValueError as error:
            left_out[name] = str(error)
    _log(signatures, left_out)
    return {
        name: signature
        for name, signature in signatures.items()
        if not serving_only or _saved_model.is_valid_signature(signature)
    }


def _pairs(
    feeds: list[tuple[str, Any]], export_outputs: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Yields name, inputs and output of each signature asked for."""
    for prefix, tensors in feeds:
        inputs = tensors
        if not isinstance(tensors, dict):
            inputs = {RECEIVER_NAME: tensors}
        for key, output in export_outputs.items():
            yield f"{prefix}{key or 'None'}", inputs, output


def _log(signatures: dict[str, Any], left_out: dict[str, str]) -> None:
    for name, signature in signatures.items():
        logging.info("Signature %r: %s.", name, signature.method_name)
    for name, reason in left_out.items():
        logging.info("No signature %r: %s", name, reason)
    if not signatures:
        logging.warning(
            "The export has no signatures: it can be loaded, but not served."
        )
    elif _DEFAULT_KEY not in signatures:
        logging.warning(
            "The export has no default signature, %r.", _DEFAULT_KEY
        )
