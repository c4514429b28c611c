"""The examples in the docstrings are true."""

import doctest
import importlib
import pkgutil

import pytest
import tensorflow as tf

import monitored_tf

_MODULES = [
    module.name
    for module in pkgutil.walk_packages(
        monitored_tf.__path__, f"{monitored_tf.__name__}."
    )
]


@pytest.mark.parametrize("name", _MODULES)
def test_examples(name):
    result = doctest.testmod(
        importlib.import_module(name),
        extraglobs={"tf": tf, "monitored_tf": monitored_tf},
        optionflags=doctest.ELLIPSIS,
    )
    assert result.failed == 0
