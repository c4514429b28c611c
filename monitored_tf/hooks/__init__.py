"""The hooks: TensorFlow's basic ones, the same objects, and ours."""

from __future__ import annotations

import tensorflow as tf

from monitored_tf.hooks.checkpoint_saver_hook import CheckpointSaverHook
from monitored_tf.hooks.configure_gcs_hook import ConfigureGcsHook
from monitored_tf.hooks.peer_health_hook import PeerHealthHook
from monitored_tf.hooks.preemption_hook import PreemptionHook
from monitored_tf.hooks.progress_hook import ProgressHook
from monitored_tf.hooks.session_log_hook import SessionLogHook
from monitored_tf.hooks.step_counter_hook import StepCounterHook
from monitored_tf.hooks.summary_saver_hook import SummarySaverHook

_train = tf.compat.v1.train

CheckpointSaverListener = _train.CheckpointSaverListener
FeedFnHook = _train.FeedFnHook
FinalOpsHook = _train.FinalOpsHook
GlobalStepWaiterHook = _train.GlobalStepWaiterHook
LoggingTensorHook = _train.LoggingTensorHook
NanLossDuringTrainingError = _train.NanLossDuringTrainingError
NanTensorHook = _train.NanTensorHook
ProfilerHook = _train.ProfilerHook
SecondOrStepTimer = _train.SecondOrStepTimer
StopAtStepHook = _train.StopAtStepHook

__all__ = [
    "CheckpointSaverHook",
    "CheckpointSaverListener",
    "ConfigureGcsHook",
    "FeedFnHook",
    "FinalOpsHook",
    "GlobalStepWaiterHook",
    "LoggingTensorHook",
    "NanLossDuringTrainingError",
    "NanTensorHook",
    "PeerHealthHook",
    "PreemptionHook",
    "ProfilerHook",
    "ProgressHook",
    "SecondOrStepTimer",
    "SessionLogHook",
    "StepCounterHook",
    "StopAtStepHook",
    "SummarySaverHook",
]
