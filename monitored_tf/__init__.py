"""Sessions with hooks for code written in the style of TensorFlow 1.

    import monitored_tf

    with monitored_tf.MonitoredTrainingSession(checkpoint_dir="m") as session:
        while not session.should_stop():
            session.run(train_op)

The names are those of `tf.compat.v1.train`. A name is loaded when it is first
used, and TensorFlow with it: what TensorFlow reads from the environment at its
import may still be set after ours.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from monitored_tf import _lazy_names

if TYPE_CHECKING:
    from monitored_tf import (
        cloud as cloud,
        cluster as cluster,
        errors as errors,
        estimator as estimator,
        hooks as hooks,
        testing as testing,
    )
    from monitored_tf.checkpoint_errors import (
        CheckpointDamagedError as CheckpointDamagedError,
        CheckpointMismatchError as CheckpointMismatchError,
    )
    from monitored_tf.chief_session_creator import (
        ChiefSessionCreator as ChiefSessionCreator,
    )
    from monitored_tf.errors import (
        CheckpointError as CheckpointError,
        CheckpointRequiredError as CheckpointRequiredError,
        FeedConflictError as FeedConflictError,
        InvalidClusterError as InvalidClusterError,
        InvalidHookError as InvalidHookError,
        InvalidHookStateError as InvalidHookStateError,
        InvalidRequestError as InvalidRequestError,
        InvalidSessionCreatorError as InvalidSessionCreatorError,
        InvalidSignatureError as InvalidSignatureError,
        InvalidStepFunctionError as InvalidStepFunctionError,
        MonitoredTFError as MonitoredTFError,
        NoCheckpointSaverError as NoCheckpointSaverError,
        PeerLostError as PeerLostError,
        Preempted as Preempted,
        ProcessEndError as ProcessEndError,
        RecoveryGaveUp as RecoveryGaveUp,
        SessionClosedError as SessionClosedError,
        StopRequestedError as StopRequestedError,
        StrayStopWarning as StrayStopWarning,
    )
    from monitored_tf.hooks import (
        CheckpointSaverHook as CheckpointSaverHook,
        CheckpointSaverListener as CheckpointSaverListener,
        ConfigureGcsHook as ConfigureGcsHook,
        FeedFnHook as FeedFnHook,
        FinalOpsHook as FinalOpsHook,
        GlobalStepWaiterHook as GlobalStepWaiterHook,
        LoggingTensorHook as LoggingTensorHook,
        NanLossDuringTrainingError as NanLossDuringTrainingError,
        NanTensorHook as NanTensorHook,
        PeerHealthHook as PeerHealthHook,
        PreemptionHook as PreemptionHook,
        ProfilerHook as ProfilerHook,
        ProgressHook as ProgressHook,
        SecondOrStepTimer as SecondOrStepTimer,
        SessionLogHook as SessionLogHook,
        StepCounterHook as StepCounterHook,
        StopAtStepHook as StopAtStepHook,
        SummarySaverHook as SummarySaverHook,
    )
    from monitored_tf.input_position import (
        UnsaveableInputError as UnsaveableInputError,
        resumable_input as resumable_input,
    )
    from monitored_tf.installation import (
        install as install,
        installed as installed,
        uninstall as uninstall,
    )
    from monitored_tf.keras_interop import (
        KerasGraph as KerasGraph,
        keras_graph as keras_graph,
    )
    from monitored_tf.live_session import (
        Coordinator as Coordinator,
    )
    from monitored_tf.outage import (
        RecoveryAttempt as RecoveryAttempt,
    )
    from monitored_tf.recovery import (
        RecoveryEvent as RecoveryEvent,
        RecoveryPolicy as RecoveryPolicy,
        SessionTimeoutError as SessionTimeoutError,
    )
    from monitored_tf.save_errors import (
        CheckpointSaveError as CheckpointSaveError,
        NanWeightsError as NanWeightsError,
        RolledBackError as RolledBackError,
    )
    from monitored_tf.scaffold_session_creator import (
        Scaffold as Scaffold,
        SessionManager as SessionManager,
    )
    from monitored_tf.session import (
        MonitoredSession as MonitoredSession,
        SingularMonitoredSession as SingularMonitoredSession,
    )
    from monitored_tf.session_creators import (
        ReusedSessionCreator as ReusedSessionCreator,
        SessionCreator as SessionCreator,
        StateOrigin as StateOrigin,
    )
    from monitored_tf.session_run_hook import (
        SessionRunArgs as SessionRunArgs,
        SessionRunContext as SessionRunContext,
        SessionRunHook as SessionRunHook,
        SessionRunValues as SessionRunValues,
    )
    from monitored_tf.step_context import (
        StepContext as StepContext,
    )
    from monitored_tf.stop_reason import (
        StopReason as StopReason,
    )
    from monitored_tf.training_session import (
        MonitoredTrainingSession as MonitoredTrainingSession,
    )
    from monitored_tf.worker_session_creator import (
        WorkerSessionCreator as WorkerSessionCreator,
    )

__version__ = "0.1.0"

if importlib.util.find_spec("tensorflow") is None:
    raise ModuleNotFoundError(
        "monitored_tf needs TensorFlow 2.12 or later, and brings none so that "
        "yours is left alone. Install one: pip install tensorflow, or "
        "tensorflow-cpu.",
        name="tensorflow",
    )

# Where each public name lives. The imports above tell type checkers the same.
_NAMES = {
    "checkpoint_errors": (
        "CheckpointDamagedError",
        "CheckpointMismatchError",
    ),
    "chief_session_creator": ("ChiefSessionCreator",),
    "errors": (
        "CheckpointError",
        "CheckpointRequiredError",
        "FeedConflictError",
        "InvalidClusterError",
        "InvalidHookError",
        "InvalidHookStateError",
        "InvalidRequestError",
        "InvalidSessionCreatorError",
        "InvalidSignatureError",
        "InvalidStepFunctionError",
        "MonitoredTFError",
        "NoCheckpointSaverError",
        "PeerLostError",
        "Preempted",
        "ProcessEndError",
        "RecoveryGaveUp",
        "SessionClosedError",
        "StopRequestedError",
        "StrayStopWarning",
    ),
    "hooks": (
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
    ),
    "input_position": (
        "UnsaveableInputError",
        "resumable_input",
    ),
    "installation": (
        "install",
        "installed",
        "uninstall",
    ),
    "keras_interop": (
        "KerasGraph",
        "keras_graph",
    ),
    "live_session": ("Coordinator",),
    "outage": ("RecoveryAttempt",),
    "recovery": (
        "RecoveryEvent",
        "RecoveryPolicy",
        "SessionTimeoutError",
    ),
    "save_errors": (
        "CheckpointSaveError",
        "NanWeightsError",
        "RolledBackError",
    ),
    "scaffold_session_creator": (
        "Scaffold",
        "SessionManager",
    ),
    "session": (
        "MonitoredSession",
        "SingularMonitoredSession",
    ),
    "session_creators": (
        "ReusedSessionCreator",
        "SessionCreator",
        "StateOrigin",
    ),
    "session_run_hook": (
        "SessionRunArgs",
        "SessionRunContext",
        "SessionRunHook",
        "SessionRunValues",
    ),
    "step_context": ("StepContext",),
    "stop_reason": ("StopReason",),
    "training_session": ("MonitoredTrainingSession",),
    "worker_session_creator": ("WorkerSessionCreator",),
}
_SUBMODULES = ("cloud", "cluster", "errors", "estimator", "hooks", "testing")
_lazy = _lazy_names.LazyNames(__name__, _NAMES, _SUBMODULES)
__all__ = _lazy.all
__getattr__ = _lazy.get
__dir__ = _lazy.dir
