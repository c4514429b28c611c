"""What an Estimator is made of: its arguments, checked and completed."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Callable
from typing import Any

from absl import logging

from monitored_tf.estimator import fn_args, warm_start
from monitored_tf.estimator.config import session_config
from monitored_tf.estimator.config.run_config import RunConfig
from monitored_tf.estimator.model import Model

# What tf.estimator's calls of itself, as code written for it may know. Nothing
# calls it here, so that a subclass which defines it would train another model.
_NEVER_CALLED = (
    "_actual_eval",
    "_add_meta_graph_for_mode",
    "_call_input_fn",
    "_call_model_fn",
    "_call_model_fn_eval",
    "_convert_eval_steps_to_hooks",
    "_convert_train_steps_to_hooks",
    "_create_global_step",
    "_evaluate_build_graph",
    "_evaluate_run",
    "_extract_batch_length",
    "_extract_keys",
    "_get_features_and_labels_from_input_fn",
    "_get_features_from_input_fn",
    "_get_iterator_from_input_fn",
    "_maybe_warm_start",
    "_train_model",
    "_train_model_default",
    "_train_with_estimator_spec",
    "_validate_features_in_predict_input",
)
# What a subclass may define anew.
_OVERRIDABLE = (
    "allows_overrides",
    "latest_checkpoint",
    # Ours, which a subclass written for tf.estimator may have too.
    "predictor",
    "warm_evaluator",
    "warm_start_settings",
    "model_fn",
    "_create_and_assert_global_step",
    "_export_all_saved_models",
    # By these TensorFlow's exports keep a class's public names.
    "_estimator_api_constants",
    "_estimator_api_constants_v1",
    "_estimator_api_names",
    "_estimator_api_names_v1",
    "_tf_api_names",
    "_tf_api_names_v1",
)


def made_model(
    model_fn: Any,
    model_dir: Any,
    config: Any,
    params: Any,
    warm_start_from: Any,
    create_global_step: Callable[[Any], Any],
    latest_checkpoint: Callable[[], str | None],
) -> Model:
    """Returns the model of an Estimator with these arguments.

    Raises:
      ValueError: if one is wrong, or two do not fit; it says which.
    """
    config = _config(config, model_dir)
    if model_fn is None:
        raise ValueError(
            "model_fn must be provided to Estimator: a function that returns "
            "an EstimatorSpec."
        )
    fn_args.check_model_fn(model_fn, params)
    return Model(
        model_fn=model_fn,
        model_dir=config.model_dir,
        config=config,
        params=copy.deepcopy(params or {}),
        warm_start_from=warm_start.checked_settings(warm_start_from),
        create_global_step=create_global_step,
        latest_checkpoint=latest_checkpoint,
    )


def check_called(derived: type) -> None:
    """Checks that a subclass defines nothing that is never called.

    Args:
      derived: The class of an Estimator.

    Raises:
      ValueError: if it does.
    """
    defined = [name for name in _NEVER_CALLED if hasattr(derived, name)]
    if defined:
        raise ValueError(
            "Subclasses of Estimator cannot override members of Estimator. "
            f"{derived.__name__} does override {', '.join(defined)}, which "
            "tf.estimator calls and this Estimator has not: do it in model_fn, "
            "input_fn or a hook."
        )


def check_overrides(base: type, derived: type) -> None:
    """Checks that a subclass leaves the members of the Estimator alone.

    Args:
      base: The Estimator's class.
      derived: The class of an object of it.

    Raises:
      ValueError: if it defines one of them anew.
    """
    overridden = sorted(
        name
        for name in vars(derived)
        if not name.startswith("__")
        and name not in _OVERRIDABLE
        and hasattr(base, name)
        and getattr(base, name) != getattr(derived, name)
    )
    if overridden:
        raise ValueError(
            "Subclasses of Estimator cannot override members of Estimator. "
            f"{derived.__name__} does override {', '.join(overridden)}: take "
            "other names, or set allows_overrides = True in the class."
        )


def _config(config: Any, model_dir: Any) -> RunConfig:
    if config is None:
        config = RunConfig()
        logging.info("Using default config.")
    if not isinstance(config, RunConfig):
        raise ValueError(
            "config must be an instance of `RunConfig`. Got "
            f"{config!r:.200}, of type {type(config).__name__}."
        )
    changed = {"model_dir": _model_dir(config.model_dir, model_dir)}
    if config.session_config is None:
        default = session_config.get_default_session_config()
        changed["session_config"] = default
    return config.replace(**changed)


def _model_dir(configured: str | None, given: Any) -> str:
    if isinstance(given, (bytes, os.PathLike)):
        given = os.fsdecode(given)
    if given is not None and configured not in (None, given):
        raise ValueError(
            "`model_dir` are set both in constructor and `RunConfig`, but with "
            f"different values: {given!r} and {configured!r}. Leave out one."
        )
    if given or configured:
        return str(given or configured)
    made = tempfile.mkdtemp()
    logging.warning(
        "No model_dir was given: training goes to the temporary folder %s.",
        made,
    )
    return made
