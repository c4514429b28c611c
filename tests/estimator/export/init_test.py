"""What `monitored_tf.estimator.export` holds."""

from monitored_tf.estimator import export

REAL = {
    "ClassificationOutput",
    "EvalOutput",
    "ExportOutput",
    "PredictOutput",
    "RegressionOutput",
    "ServingInputReceiver",
    "TensorServingInputReceiver",
    "build_parsing_serving_input_receiver_fn",
    "build_raw_serving_input_receiver_fn",
}


def test_it_promises_what_tensorflow_does_and_what_feeds_a_training():
    assert {*export.__all__} - REAL == {
        "SupervisedInputReceiver",
        "UnsupervisedInputReceiver",
        "build_raw_supervised_input_receiver_fn",
        "build_supervised_input_receiver_fn_from_input_fn",
    }
    assert {*export.__all__} > REAL
    assert dir(export) == sorted(export.__all__)


def test_what_other_code_takes_from_there_is_found():
    for name in (
        "EXPORT_TAG_MAP",
        "SIGNATURE_KEY_MAP",
        "TrainOutput",
        "build_all_signature_defs",
        "export_outputs_for_mode",
        "get_export_outputs",
        "get_temp_export_dir",
        "get_timestamped_export_dir",
        "wrap_and_check_input_tensors",
    ):
        assert getattr(export, name)
