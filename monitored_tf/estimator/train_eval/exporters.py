"""When a model is exported while it is trained and evaluated."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from typing import Any

from absl import logging

from monitored_tf.estimator.export import old_exports
from monitored_tf.estimator.train_eval import run_spec_checks


class Exporter(abc.ABC):
    """What `EvalSpec` takes: it is called after each evaluation.

    A class of one's own decides in `export` whether to export, and how.

    Attributes:
      name: Of the folder, below `export` in the folder of the model, that the
        exports are in; not empty.
    """

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """Of the folder of the exports."""

    @abc.abstractmethod
    def export(
        self,
        estimator: Any,
        export_path: str,
        checkpoint_path: str,
        eval_result: Mapping[str, Any],
        is_the_final_export: bool,
    ) -> Any:
        """Exports a model that was evaluated, or does not.

        Args:
          estimator: The `Estimator`.
          export_path: Folder above that of the export.
          checkpoint_path: Of the variables.
          eval_result: What `Estimator.evaluate` returned for that checkpoint.
          is_the_final_export: Whether training is at its end; never where
            `TrainSpec.max_steps` is None.

        Returns:
          The path of the export; None if there is none.
        """


class SavedModelExporter(Exporter):
    """Exports a SavedModel to be served, and deletes old exports.

    Args:
      name: As `Exporter.name`.
      serving_input_receiver_fn: As for `Estimator.export_saved_model`.
      assets_extra: As there.
      as_text: As there.
      exports_to_keep: How many of the newest are kept; None for all.

    Raises:
      ValueError: if that number is not positive.
    """

    def __init__(
        self,
        name: str,
        serving_input_receiver_fn: Callable[[], Any] | None,
        assets_extra: Mapping[str, str] | None = None,
        as_text: bool = False,
        exports_to_keep: int | None = 5,
    ) -> None:
        old_exports.check_number(exports_to_keep)
        self._name = name
        self._serving_input_receiver_fn = serving_input_receiver_fn
        self._assets_extra = assets_extra
        self._as_text = as_text
        self._exports_to_keep = exports_to_keep

    @property
    def name(self) -> str:
        """Of the folder of the exports."""
        return self._name

    def export(
        self,
        estimator: Any,
        export_path: str,
        checkpoint_path: str,
        eval_result: Mapping[str, Any],
        is_the_final_export: bool,
    ) -> Any:
        """Exports the model if it is wanted; see `Exporter.export`."""
        run_spec_checks.check_exports(estimator)
        if not self._wants(estimator, eval_result, is_the_final_export):
            return None
        exported = estimator.export_saved_model(
            export_path,
            self._serving_input_receiver_fn,
            assets_extra=self._assets_extra,
            as_text=self._as_text,
            checkpoint_path=checkpoint_path,
        )
        self._exported(eval_result)
        old_exports.delete(export_path, self._exports_to_keep)
        return exported

    def _wants(
        self, estimator: Any, eval_result: Mapping[str, Any], is_final: bool
    ) -> bool:
        """Returns whether a model is to be exported."""
        del estimator, eval_result, is_final
        return True

    def _exported(self, eval_result: Mapping[str, Any]) -> None:
        """Takes note of a model that was exported."""


class FinalExporter(SavedModelExporter):
    """Exports once, at the end of a training that has `max_steps`.

    Args:
      name: As `Exporter.name`.
      serving_input_receiver_fn: As for `Estimator.export_saved_model`.
      assets_extra: As there.
      as_text: As there.
    """

    def __init__(
        self,
        name: str,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: Mapping[str, str] | None = None,
        as_text: bool = False,
    ) -> None:
        super().__init__(
            name, serving_input_receiver_fn, assets_extra, as_text, None
        )

    def _wants(
        self, estimator: Any, eval_result: Mapping[str, Any], is_final: bool
    ) -> bool:
        if is_final:
            logging.info("Exporting the model at the end of its training.")
        return is_final


class LatestExporter(SavedModelExporter):
    """Exports after each evaluation, and deletes old exports.

    Args:
      name: As `Exporter.name`.
      serving_input_receiver_fn: As for `Estimator.export_saved_model`.
      assets_extra: As there.
      as_text: As there.
      exports_to_keep: How many of the newest are kept; None for all.

    Raises:
      ValueError: if that number is not positive.
    """
