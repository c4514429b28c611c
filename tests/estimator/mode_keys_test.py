"""The names of the modes."""


def test_modes_are_strings(estimator):
    keys = estimator.ModeKeys
    assert (keys.TRAIN, keys.EVAL, keys.PREDICT) == ("train", "eval", "infer")
    assert type(keys.PREDICT) is str
