"""Saves a checkpoint when one is to be evaluated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from monitored_tf import global_step, saving
from monitored_tf.hooks import PreemptionHook
from monitored_tf.session_run_hook import SessionRunArgs, SessionRunHook


class SaveForEvaluationHook(SessionRunHook):
    """Saves a checkpoint at each step at which one is to be evaluated.

    It saves as the training does, by the hook for that, whose listeners then
    evaluate. That hook's interval begins anew at such a checkpoint.

    Args:
      is_due: Returns whether to save this step. False where a save of it was
        begun, be it that it failed or goes on in the background.
      preemption_hook: Of the same session: it knows what saves.
    """

    def __init__(
        self, is_due: Callable[[int], bool], preemption_hook: PreemptionHook
    ) -> None:
        self._is_due = is_due
        self._preemption_hook = preemption_hook
        self._step: Any = None

    def begin(self) -> None:
        """Looks up the global step."""
        graph = tf.compat.v1.get_default_graph()
        self._step = global_step.step_tensors(graph)[0]

    def before_run(self, run_context: Any) -> Any:
        """Asks for the step."""
        return SessionRunArgs(self._step)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Saves if an evaluation is due."""
        # It was read beside the step: the value is that before or after it.
        seen = int(run_values.results)
        if not (self._is_due(seen) or self._is_due(seen + 1)):
            return
        session = run_context.session
        if self._is_due(int(session.run(self._step))):
            _, asked_to_stop = saving.save_with_hook(
                session, self._preemption_hook.saver_hook
            )
            if asked_to_stop:
                run_context.request_stop()
