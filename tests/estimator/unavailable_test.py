"""What tf.estimator has and this Estimator has not."""

import pytest

import monitored_tf.estimator as ours
from monitored_tf.estimator import unavailable


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("DNNClassifier", "in a model_fn"),
        ("MultiClassHead", "EstimatorSpec"),
        ("tpu", "TPUStrategy"),
        ("model_to_estimator", "call the Keras model in a model_fn"),
        ("classifier_parse_example_spec", "make_parse_example_spec"),
    ],
)
def test_it_says_in_a_sentence_what_to_do_instead(name, instead):
    text = unavailable.explain(name)
    assert text.startswith(f"monitored_tf.estimator has no {name}: ")
    assert instead in text
    assert text.endswith(".")


def test_of_other_names_it_knows_nothing():
    assert unavailable.explain("no_such_name") is None
    assert unavailable.explain("Estimator") is None


def test_each_name_of_the_real_one_is_ours_or_explained():
    pytest.importorskip("tensorflow_estimator")
    from tensorflow.compat.v1 import estimator as real

    names = {name for name in dir(real) if not name.startswith("_")}
    known = {name for name in names if unavailable.explain(name)}
    assert names - known <= {*dir(ours)}
    assert not known & {*dir(ours)}
