"""What a model function returns."""

from __future__ import annotations

from typing import Any, NamedTuple

from monitored_tf.estimator import spec_checks
from monitored_tf.estimator.evaluate import eval_metrics


class _Fields(NamedTuple):
    mode: str
    predictions: Any
    loss: Any
    train_op: Any
    eval_metric_ops: dict[str, Any]
    export_outputs: Any
    training_chief_hooks: tuple[Any, ...]
    training_hooks: tuple[Any, ...]
    scaffold: Any
    evaluation_hooks: tuple[Any, ...]
    prediction_hooks: tuple[Any, ...]


class EstimatorSpec(_Fields):
    """The parts of a model that an Estimator runs, checked.

    >>> with tf.Graph().as_default():
    ...     loss = tf.constant([0.5])
    ...     spec = EstimatorSpec("eval", loss=loss)
    >>> spec.loss.shape.rank
    0

    What a mode does not need may be given all the same. Whoever made the
    arguments keeps them as they are: dicts are copied.

    Args:
      mode: One of `ModeKeys`.
      predictions: Tensor or dict of tensors; required in PREDICT.
      loss: Tensor of one element; required in TRAIN and EVAL.
      train_op: Operation or tensor of one step; required in TRAIN.
      eval_metric_ops: `(value, update_op)` or a metric object of Keras, by
        name.
      export_outputs: `ExportOutput` by the key of its signature; in PREDICT
        the predictions if there are none.
      training_chief_hooks: Hooks of the chief's training.
      training_hooks: Hooks of the training of every worker.
      scaffold: `tf.compat.v1.train.Scaffold`; a new one for None.
      evaluation_hooks: Hooks of an evaluation.
      prediction_hooks: Hooks of predictions.

    Raises:
      ValueError: if something that the mode needs is missing, is of another
        graph, or does not fit.
      TypeError: if something is of the wrong type.
    """

    __slots__ = ()

    def __new__(
        cls,
        mode: str,
        predictions: Any = None,
        loss: Any = None,
        train_op: Any = None,
        eval_metric_ops: dict[str, Any] | None = None,
        export_outputs: dict[str, Any] | None = None,
        training_chief_hooks: Any = None,
        training_hooks: Any = None,
        scaffold: Any = None,
        evaluation_hooks: Any = None,
        prediction_hooks: Any = None,
    ) -> EstimatorSpec:
        """Checks the arguments, in the order in which tf.estimator does."""
        train_op = spec_checks.checked_train_op(train_op, mode)
        loss = spec_checks.checked_loss(loss, mode)
        predictions = spec_checks.checked_predictions(predictions, mode)
        export_outputs = spec_checks.checked_export_outputs(
            export_outputs, predictions, mode
        )
        hooks = {
            name: spec_checks.checked_hooks(given, name)
            for name, given in (
                ("training_hooks", training_hooks),
                ("evaluation_hooks", evaluation_hooks),
                ("prediction_hooks", prediction_hooks),
                ("training_chief_hooks", training_chief_hooks),
            )
        }
        return super().__new__(
            cls,
            mode=mode,
            predictions=predictions,
            loss=loss,
            train_op=train_op,
            eval_metric_ops=eval_metrics.checked_metrics(eval_metric_ops),
            export_outputs=export_outputs,
            scaffold=spec_checks.checked_scaffold(scaffold),
            **hooks,
        )

    def _replace(self, **fields: Any) -> EstimatorSpec:
        """Returns a spec with other values in some fields, checked anew.

        Args:
          **fields: The values by field.

        Raises:
          ValueError: as the constructor; if the mode were another, or there is
            no such field.
          TypeError: as the constructor.
        """
        if fields.get("mode", self.mode) != self.mode:
            raise ValueError(
                f"mode of EstimatorSpec cannot be changed. It is {self.mode!r},"
                f" and {fields['mode']!r} was given: make a new one."
            )
        unknown = sorted({*fields} - {*self._fields})
        if unknown:
            raise ValueError(
                f"EstimatorSpec has no field {', '.join(unknown)}. It has "
                f"{', '.join(self._fields)}."
            )
        return EstimatorSpec(**{**self._asdict(), **fields})
