"""What a package says of names that it has and has not."""

import sys
import types

import pytest

from monitored_tf import _lazy_names


@pytest.fixture
def package(monkeypatch):
    made = types.ModuleType("made")
    monkeypatch.setitem(sys.modules, "made", made)
    return made


def test_a_name_is_loaded_when_it_is_used_and_then_kept(package):
    names = _lazy_names.LazyNames("made", {"errors": ("ProcessEndError",)}, ())
    assert names.get("ProcessEndError").__name__ == "ProcessEndError"
    assert "ProcessEndError" in vars(package)


def test_another_name_is_an_attribute_error_that_may_tell_more():
    names = _lazy_names.LazyNames(
        "made", {}, (), {"gone": "gone is gone: take new"}.get
    )
    with pytest.raises(AttributeError, match="take new"):
        names.get("gone")
    with pytest.raises(AttributeError, match="'made' has no attribute 'other'"):
        names.get("other")


def test_the_names_are_listed_sorted():
    names = _lazy_names.LazyNames("made", {"b": ("B", "A")}, ("c",))
    assert names.all == ["A", "B"]
    assert names.dir() == ["A", "B", "c"]
