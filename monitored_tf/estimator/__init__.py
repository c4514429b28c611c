"""`tf.estimator` for today's TensorFlow: input_fn and model_fn, unchanged.

    import monitored_tf.estimator as tf_estimator

A name is loaded when it is first used, and TensorFlow with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitored_tf import _lazy_names
from monitored_tf.estimator import unavailable

if TYPE_CHECKING:
    from monitored_tf.estimator import (
        experimental as experimental,
        export as export,
        inputs as inputs,
    )
    from monitored_tf.estimator.config.run_config import (
        RunConfig as RunConfig,
    )
    from monitored_tf.estimator.estimator import (
        Estimator as Estimator,
    )
    from monitored_tf.estimator.estimator_spec import (
        EstimatorSpec as EstimatorSpec,
    )
    from monitored_tf.estimator.evaluate.warm_evaluation import (
        WarmEvaluation as WarmEvaluation,
    )
    from monitored_tf.estimator.extenders import (
        add_metrics as add_metrics,
    )
    from monitored_tf.estimator.mode_keys import (
        ModeKeys as ModeKeys,
    )
    from monitored_tf.estimator.predict.predictor import (
        Predictor as Predictor,
    )
    from monitored_tf.estimator.train_eval.best_exporter import (
        BestExporter as BestExporter,
    )
    from monitored_tf.estimator.train_eval.eval_spec import (
        EvalSpec as EvalSpec,
    )
    from monitored_tf.estimator.train_eval.exporters import (
        Exporter as Exporter,
        FinalExporter as FinalExporter,
        LatestExporter as LatestExporter,
    )
    from monitored_tf.estimator.train_eval.train_spec import (
        TrainSpec as TrainSpec,
    )
    from monitored_tf.estimator.train_eval.training_and_evaluation import (
        train_and_evaluate as train_and_evaluate,
    )
    from monitored_tf.estimator.warm_start import (
        VocabInfo as VocabInfo,
        WarmStartSettings as WarmStartSettings,
    )
    from monitored_tf.hooks import (
        CheckpointSaverHook as CheckpointSaverHook,
        CheckpointSaverListener as CheckpointSaverListener,
        FeedFnHook as FeedFnHook,
        FinalOpsHook as FinalOpsHook,
        GlobalStepWaiterHook as GlobalStepWaiterHook,
        LoggingTensorHook as LoggingTensorHook,
        NanLossDuringTrainingError as NanLossDuringTrainingError,
        NanTensorHook as NanTensorHook,
        ProfilerHook as ProfilerHook,
        SecondOrStepTimer as SecondOrStepTimer,
        StepCounterHook as StepCounterHook,
        StopAtStepHook as StopAtStepHook,
        SummarySaverHook as SummarySaverHook,
    )
    from monitored_tf.session_run_hook import (
        SessionRunArgs as SessionRunArgs,
        SessionRunContext as SessionRunContext,
        SessionRunHook as SessionRunHook,
        SessionRunValues as SessionRunValues,
    )

# Where each public name lives. The imports above tell type checkers the same.
_NAMES = {
    "estimator.train_eval.best_exporter": ("BestExporter",),
    "estimator.estimator": ("Estimator",),
    "estimator.estimator_spec": ("EstimatorSpec",),
    "estimator.train_eval.eval_spec": ("EvalSpec",),
    "estimator.train_eval.exporters": (
        "Exporter",
        "FinalExporter",
        "LatestExporter",
    ),
    "estimator.extenders": ("add_metrics",),
    "estimator.mode_keys": ("ModeKeys",),
    "estimator.predict.predictor": ("Predictor",),
    "estimator.config.run_config": ("RunConfig",),
    "estimator.train_eval.train_spec": ("TrainSpec",),
    "estimator.train_eval.training_and_evaluation": ("train_and_evaluate",),
    "estimator.evaluate.warm_evaluation": ("WarmEvaluation",),
    "estimator.warm_start": (
        "VocabInfo",
        "WarmStartSettings",
    ),
    "hooks": (
        "CheckpointSaverHook",
        "CheckpointSaverListener",
        "FeedFnHook",
        "FinalOpsHook",
        "GlobalStepWaiterHook",
        "LoggingTensorHook",
        "NanLossDuringTrainingError",
        "NanTensorHook",
        "ProfilerHook",
        "SecondOrStepTimer",
        "StepCounterHook",
        "StopAtStepHook",
        "SummarySaverHook",
    ),
    "session_run_hook": (
        "SessionRunArgs",
        "SessionRunContext",
        "SessionRunHook",
        "SessionRunValues",
    ),
}
_SUBMODULES = ("experimental", "export", "inputs")
_lazy = _lazy_names.LazyNames(
    __name__, _NAMES, _SUBMODULES, unavailable.explain
)
__all__ = _lazy.all
__getattr__ = _lazy.get
__dir__ = _lazy.dir
