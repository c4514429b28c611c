"""The Estimator: a model function, and what can be done with it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import tensorflow as tf

from monitored_tf.estimator import construction, model, newest_checkpoint
from monitored_tf.estimator.config.run_config import RunConfig
from monitored_tf.estimator.estimator_spec import EstimatorSpec
from monitored_tf.estimator.evaluate import evaluation
from monitored_tf.estimator.evaluate.warm_evaluation import WarmEvaluation
from monitored_tf.estimator.mode_keys import ModeKeys
from monitored_tf.estimator.predict import prediction
from monitored_tf.estimator.predict.predictor import Predictor
from monitored_tf.estimator.saved_model import saved_model_export
from monitored_tf.estimator.train import training


class Estimator:
    """Trains, evaluates and exports a model, and predicts with it.

    Stands in for `tf.estimator.Estimator`. Each call builds a graph of its
    own with `input_fn` and `model_fn`, and takes the variables from the newest
    checkpoint in `model_dir`.

    Args:
      model_fn: Function of `features` and, where it names them, `labels`,
        `mode`, `params` and `config`, that returns an `EstimatorSpec`.
      model_dir: Folder of checkpoints and events: str or PathLike. None for
        that of `config`; if this has none either, a temporary one.
      config: `RunConfig`; None for the default one.
      params: Dict that `model_fn` gets a copy of.
      warm_start_from: Path of a checkpoint or SavedModel, or
        `WarmStartSettings`: what variables begin with while `model_dir` has no
        checkpoint.

    Attributes:
      allows_overrides: Set it in a subclass that must define members of this
        class anew: then nothing checks that it does not.

    Raises:
      ValueError: if an argument is wrong, or a subclass overrides a member.
    """

    allows_overrides = False

    def __init__(
        self,
        model_fn: Callable[..., Any],
        model_dir: Any = None,
        config: RunConfig | None = None,
        params: Mapping[str, Any] | None = None,
        warm_start_from: Any = None,
    ) -> None:
        construction.check_called(type(self))
        self._assert_members_are_not_overridden()
        self._model = construction.made_model(
            model_fn,
            model_dir,
            config,
            params,
            warm_start_from,
            create_global_step=self._create_and_assert_global_step,
            latest_checkpoint=self.latest_checkpoint,
        )

    @property
    def model_dir(self) -> str:
        """Folder of checkpoints and events."""
        return self._model.model_dir

    @property
    def config(self) -> RunConfig:
        """A copy of the `RunConfig`."""
        return copy.deepcopy(self._model.config)

    @property
    def params(self) -> dict[str, Any]:
        """A copy of the parameters of the model."""
        return copy.deepcopy(self._model.params)

    @property
    def warm_start_settings(self) -> Any:
        """`WarmStartSettings`, or None if it begins from scratch."""
        return self._model.warm_start_from

    @property
    def model_fn(self) -> Callable[..., EstimatorSpec]:
        """The model function as one of (features, labels, mode, config)."""

        def model_fn(
            features: Any, labels: Any, mode: str, config: RunConfig
        ) -> EstimatorSpec:
            given = {"mode": mode, "config": config, "params": self.params}
            return model.called(self._model.model_fn, features, labels, given)

        return model_fn

    def train(
        self,
        input_fn: Callable[..., Any],
        hooks: Sequence[Any] | None = None,
        steps: int | None = None,
        max_steps: int | None = None,
        saving_listeners: Sequence[Any] | None = None,
    ) -> Estimator:
        """Trains the model from where its newest checkpoint is.

        Args:
          input_fn: Function of `mode`, `params` and `config`, as far as it
            names them, that returns a dataset, a pair of features and labels,
            or features.
          hooks: `SessionRunHook`s.
          steps: Steps to make; None until the input ends.
          max_steps: Global step to stop at; nothing is done where it is
            reached. Not with `steps`.
          saving_listeners: `CheckpointSaverListener`s, which are told of each
            checkpoint.

        Returns:
          This object.

        Raises:
          ValueError: if both limits are given or one is not positive, or this
            task is a ps or an evaluator.
          TypeError: if a hook or a listener is none.
          CheckpointMismatchError: if the newest checkpoint is of another model;
            see `restore` of `RunConfig`.
          CheckpointDamagedError: if there are checkpoints, but none is whole;
            see `allow_fresh_start` there.
          NanWeightsError: if a variable that is to be saved holds NaN or Inf.
          CheckpointSaveError: if a checkpoint can't be written.
          Preempted: if SIGTERM came, once the last step is saved.
          RecoveryGaveUp: if a lost session can't be replaced within the limits
            of `recovery` there.
          As `model_fn`, `input_fn` and the hooks.
        """
        training.train(
            self._model, input_fn, hooks, steps, max_steps, saving_listeners
        )
        return self

    def evaluate(
        self,
        input_fn: Callable[..., Any],
        steps: int | None = None,
        hooks: Sequence[Any] | None = None,
        checkpoint_path: str | None = None,
        name: str | None = None,
    ) -> dict[str, Any]:
        """Evaluates the model, and writes the metrics as events.

        Args:
          input_fn: As for `train`.
          steps: Batches; None until the input ends.
          hooks: `SessionRunHook`s.
          checkpoint_path: Of the variables; None for the newest one. If there
            is none, they are those of a new model.
          name: Of the evaluation, in `eval_dir(name)`.

        Returns:
          The metrics by name, numpy values; "loss", the mean over batches; and
          "global_step".

        Raises:
          ValueError: if `steps` is not positive, there is no such checkpoint,
            or a metric has one of the names above.
          TypeError: if a hook is none.
          CheckpointMismatchError: if the checkpoint is of another model.
          CheckpointDamagedError: if it is not whole; no other one is taken.
          Preempted: if SIGTERM came; nothing is written then.
          RecoveryGaveUp: as `train`.
          As `model_fn`, `input_fn` and the hooks.
        """
        return evaluation.evaluate(
            self._model, input_fn, steps, hooks, checkpoint_path, name
        )

    def predict(
        self,
        input_fn: Callable[..., Any],
        predict_keys: Any = None,
        hooks: Sequence[Any] | None = None,
        checkpoint_path: str | None = None,
        yield_single_examples: bool = True,
    ) -> Iterator[Any]:
        """Yields predictions; begins when the first one is asked for.

        Args:
          input_fn: As for `train`; labels are left out.
          predict_keys: Those of the predictions that are wanted, of a dict of
            them; None for all.
          hooks: `SessionRunHook`s.
          checkpoint_path: As for `evaluate`.
          yield_single_examples: Whether rows are given, or whole batches.

        Yields:
          Numpy values, or dicts of them.

        Raises:
          ValueError: if there is no such checkpoint or key, or the first
            dimensions differ.
          CheckpointMismatchError: as `evaluate`.
          CheckpointDamagedError: as `evaluate`.
          RecoveryGaveUp: as `train`.
          As `model_fn`, `input_fn` and the hooks.
        """
        return prediction.predict(
            self._model,
            input_fn,
            predict_keys,
            hooks,
            checkpoint_path,
            yield_single_examples,
        )

    def predictor(
        self,
        serving_input_receiver_fn: Callable[[], Any] | None = None,
        feature_spec: Any = None,
        checkpoint_path: str | None = None,
        *,
        predict_keys: Any = None,
        reload_secs: float | None = 1.0,
    ) -> Predictor:
        """Returns a function that predicts, with a model that stays loaded.

        Args:
          serving_input_receiver_fn: As for `export_saved_model`: what is fed.
            Give this or `feature_spec`.
          feature_spec: `tf.TensorSpec`, or a dict of them by name: what the
            features are that are fed.
          checkpoint_path: As for `evaluate`; the newest one otherwise, also
            when there is a newer one.
          predict_keys: As for `predict`.
          reload_secs: Seconds between two looks for a newer checkpoint; None
            for none.

        Returns:
          A `Predictor`: to be called with a batch, by any thread, and closed.

        Raises:
          ValueError: if not one of the two is given, there is no such
            checkpoint or key, or the model has prediction hooks.
          CheckpointMismatchError: as `evaluate`.
          CheckpointDamagedError: as `evaluate`.
        """
        return Predictor(
            self._model,
            serving_input_receiver_fn,
            feature_spec,
            checkpoint_path,
            predict_keys=predict_keys,
            reload_secs=reload_secs,
        )

    def warm_evaluator(
        self,
        input_fn: Callable[..., Any],
        steps: int | None = None,
        hooks: Sequence[Any] | None = None,
        name: str | None = None,
    ) -> WarmEvaluation:
        """Returns a function that evaluates as `evaluate`, but builds once.

        Args:
          input_fn: As for `evaluate`; called once, and so is `model_fn`.
          steps: As there.
          hooks: As there; with some, each evaluation builds anew.
          name: As there.

        Returns:
          A `WarmEvaluation`: to be called, with a path of a checkpoint or
          none, and closed.

        Raises:
          ValueError: if `steps` is not positive.
          TypeError: if a hook is none.
        """
        return WarmEvaluation(self._model, input_fn, steps, hooks, name)

    def export_saved_model(
        self,
        export_dir_base: Any,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: Mapping[str, str] | None = None,
        as_text: bool = False,
        checkpoint_path: str | None = None,
        experimental_mode: str = ModeKeys.PREDICT,
    ) -> bytes:
        """Writes the model as a SavedModel, into a new folder.

        Args:
          export_dir_base: The folder above.
          serving_input_receiver_fn: Returns what the model is fed, a
            `ServingInputReceiver` for instance.
          assets_extra: Files to copy: sources by the path below `assets.extra`.
          as_text: Whether the graph is written as text.
          checkpoint_path: Of the variables; None for the newest one.
          experimental_mode: One of `ModeKeys`.

        Returns:
          The path of the new folder, named after the second.

        Raises:
          ValueError: if there is no receiver function or no checkpoint, or a
            variable is missing in it.
        """
        if serving_input_receiver_fn is None:
            raise ValueError(
                "An input_receiver_fn must be defined: give "
                "serving_input_receiver_fn."
            )
        return self._export_all_saved_models(
            export_dir_base,
            {experimental_mode: serving_input_receiver_fn},
            assets_extra,
            as_text,
            checkpoint_path,
        )

    def export_savedmodel(
        self,
        export_dir_base: Any,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: Mapping[str, str] | None = None,
        as_text: bool = False,
        checkpoint_path: str | None = None,
        strip_default_attrs: bool = False,
    ) -> bytes:
        """Writes a SavedModel as `export_saved_model`, by an older name.

        Args:
          export_dir_base: As there, and the others.
          serving_input_receiver_fn: As there.
          assets_extra: As there.
          as_text: As there.
          checkpoint_path: As there.
          strip_default_attrs: Whether attributes of ops are left out that have
            their default value; else an older TensorFlow may not load it.

        Returns:
          As there.

        Raises:
          ValueError: as there.
        """
        if serving_input_receiver_fn is None:
            raise ValueError("serving_input_receiver_fn must be defined.")
        return self._export_all_saved_models(
            export_dir_base,
            {ModeKeys.PREDICT: serving_input_receiver_fn},
            assets_extra,
            as_text,
            checkpoint_path,
            strip_default_attrs,
        )

    def experimental_export_all_saved_models(
        self,
        export_dir_base: Any,
        input_receiver_fn_map: Mapping[str, Callable[[], Any]],
        assets_extra: Mapping[str, str] | None = None,
        as_text: bool = False,
        checkpoint_path: str | None = None,
    ) -> bytes:
        """Writes one SavedModel that holds the model in several modes.

        Args:
          export_dir_base: As for `export_saved_model`, and the others.
          input_receiver_fn_map: Receiver functions by mode.
          assets_extra: As there.
          as_text: As there.
          checkpoint_path: As there.

        Returns:
          As there.

        Raises:
          ValueError: as there; if the map is empty.
        """
        return self._export_all_saved_models(
            export_dir_base,
            input_receiver_fn_map,
            assets_extra,
            as_text,
            checkpoint_path,
        )

    def eval_dir(self, name: str | None = None) -> str:
        """Returns the folder of the events of an evaluation.

        Args:
          name: Of the evaluation, or None.
        """
        return evaluation.eval_dir(self.model_dir, name)

    def latest_checkpoint(self) -> str | None:
        """Returns the path of the newest checkpoint; None without one."""
        return newest_checkpoint.find(self.model_dir)

    def get_variable_names(self) -> list[str]:
        """Returns the names of the variables in the newest checkpoint.

        Raises:
          ValueError: if there is no checkpoint.
        """
        shapes = tf.train.list_variables(self._trained())
        return [name for name, _ in shapes]

    def get_variable_value(self, name: str) -> Any:
        """Returns the value that a variable has in the newest checkpoint.

        Args:
          name: Of the variable.

        Raises:
          ValueError: if there is no checkpoint.
        """
        return tf.train.load_variable(self._trained(), name)

    def _trained(self) -> str:
        path = self.latest_checkpoint()
        if path is None:
            raise ValueError(
                f"Could not find trained model in model_dir: {self.model_dir}. "
                "Train it first."
            )
        return path

    def _assert_members_are_not_overridden(self) -> None:
        # Subclasses written for tf.estimator switch the check off by a method
        # of this name.
        if not self.allows_overrides:
            construction.check_overrides(Estimator, type(self))

    def _create_and_assert_global_step(self, graph: Any) -> Any:
        step = tf.compat.v1.train.create_global_step(graph)
        if not step.dtype.is_integer:
            raise ValueError(f"The global step must be an integer: {step}.")
        return step

    def _export_all_saved_models(
        self,
        export_dir_base: Any,
        input_receiver_fn_map: Mapping[str, Callable[[], Any]],
        assets_extra: Mapping[str, str] | None = None,
        as_text: bool = False,
        checkpoint_path: str | None = None,
        strip_default_attrs: bool = True,
    ) -> bytes:
        return saved_model_export.export_saved_models(
            self._model,
            export_dir_base,
            input_receiver_fn_map,
            assets_extra,
            as_text,
            checkpoint_path,
            strip_default_attrs,
        )


def check_estimator(given: Any) -> None:
    """Checks an argument that is to be an Estimator.

    Args:
      given: What was given for it.

    Raises:
      TypeError: if it is none.
    """
    if not isinstance(given, Estimator):
        raise TypeError(
            "`estimator` must have type `tf.estimator.Estimator`, that of "
            f"monitored_tf. Got {given!r:.200}, of type "
            f"{type(given).__name__}."
        )


def model_of(estimator: Estimator) -> model.Model:
    """Returns the model that an Estimator runs.

    Args:
      estimator: The `Estimator`.

    Raises:
      TypeError: if it is none.
    """
    check_estimator(estimator)
    return estimator._model  # noqa: SLF001  -- of this module.
