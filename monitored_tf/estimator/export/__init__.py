"""What an exported model is fed, what it gives, and where it is written."""

from __future__ import annotations

# Below are also the names that code written for the modules under
# tensorflow_estimator.python.estimator.export takes from there. They are found
# here, but are not a part of what this package promises.
from monitored_tf.estimator.export.export_dirs import (
    ExportDirs as ExportDirs,
    get_temp_export_dir as get_temp_export_dir,
    get_timestamped_export_dir as get_timestamped_export_dir,
    timestamped_export as timestamped_export,
)
from monitored_tf.estimator.export.export_output import (
    ClassificationOutput,
    EvalOutput,
    ExportOutput,
    PredictOutput,
    RegressionOutput,
    TrainOutput as TrainOutput,
)
from monitored_tf.estimator.export.receiver_fns import (
    build_parsing_serving_input_receiver_fn,
    build_raw_serving_input_receiver_fn,
    build_raw_supervised_input_receiver_fn,
    build_supervised_input_receiver_fn_from_input_fn,
)
from monitored_tf.estimator.export.receiver_tensors import (
    wrap_and_check_input_tensors as wrap_and_check_input_tensors,
)
from monitored_tf.estimator.export.receivers import (
    ServingInputReceiver,
    SupervisedInputReceiver,
    TensorServingInputReceiver,
    UnsupervisedInputReceiver,
)
from monitored_tf.estimator.export.signatures import (
    EXPORT_TAG_MAP as EXPORT_TAG_MAP,
    SIGNATURE_KEY_MAP as SIGNATURE_KEY_MAP,
    build_all_signature_defs as build_all_signature_defs,
    export_outputs_for_mode as export_outputs_for_mode,
    get_export_outputs as get_export_outputs,
)

# Those of tf.estimator.export, and what a model that is exported to be trained
# or evaluated is fed.
__all__ = [
    "ClassificationOutput",
    "EvalOutput",
    "ExportOutput",
    "PredictOutput",
    "RegressionOutput",
    "ServingInputReceiver",
    "SupervisedInputReceiver",
    "TensorServingInputReceiver",
    "UnsupervisedInputReceiver",
    "build_parsing_serving_input_receiver_fn",
    "build_raw_serving_input_receiver_fn",
    "build_raw_supervised_input_receiver_fn",
    "build_supervised_input_receiver_fn_from_input_fn",
]


def __dir__() -> list[str]:
    return __all__
