"""The classes of outputs, by the names that public code imports."""

import inspect

from monitored_tf.estimator import export
from monitored_tf.estimator.export import export_output


def test_all_of_them_are_outputs():
    for name in export_output.__all__:
        assert issubclass(getattr(export_output, name), export.ExportOutput)
    for name in export.__all__:
        if name.endswith("Output"):
            assert getattr(export, name) is getattr(export_output, name)


def test_what_they_derive_from_is_no_output_itself():
    assert inspect.isabstract(export_output.ExportOutput)


def test_the_old_name_of_the_supervised_one_can_be_derived_from():
    assert export_output._SupervisedOutput is export_output.SupervisedOutput
    for name in ("TrainOutput", "EvalOutput"):
        kind = getattr(export_output, name)
        assert issubclass(kind, export_output._SupervisedOutput)
        assert not inspect.isabstract(kind)
