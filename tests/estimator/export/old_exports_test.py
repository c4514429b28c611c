"""Old exports are deleted."""

import os

import pytest
import tensorflow as tf

from monitored_tf.estimator.export import old_exports

NAMES = ["1576013280", "1576013281", "1576013279"]


@pytest.fixture
def base(tmp_path):
    for name in NAMES:
        (tmp_path / name / "variables").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize("as_path", [str, os.fsencode, lambda path: path])
def test_the_greatest_numbers_are_kept(base, as_path):
    old_exports.delete(as_path(base), 1)
    assert os.listdir(base) == ["1576013281"]


@pytest.mark.parametrize("number", [None, 3, 9])
def test_nothing_is_deleted_where_there_are_no_more(base, number):
    old_exports.delete(str(base), number)
    assert {*os.listdir(base)} == {*NAMES}


def test_names_may_end_with_a_slash(base, monkeypatch):
    # Cloud storage ends those of folders so.
    names = [f"{name}/" for name in NAMES]
    monkeypatch.setattr(tf.compat.v1.gfile, "ListDirectory", lambda path: names)
    old_exports.delete(str(base), 2)
    assert {*os.listdir(base)} == {*NAMES[:2]}


def test_one_that_is_gone_is_logged(base, monkeypatch, caplog):
    # Another process deletes too.
    names = ["1576013200", *NAMES]
    monkeypatch.setattr(tf.compat.v1.gfile, "ListDirectory", lambda path: names)
    old_exports.delete(str(base), 2)
    assert {*os.listdir(base)} == {*NAMES[:2]}
    assert "1576013200 is gone" in caplog.text


def test_a_folder_that_is_none_is_an_error(tmp_path):
    with pytest.raises(tf.errors.NotFoundError):
        old_exports.delete(str(tmp_path / "none"), 1)


@pytest.mark.parametrize("number", [0, -1])
def test_the_number_is_positive(number):
    with pytest.raises(ValueError, match="must be a positive number. Got"):
        old_exports.check_number(number)


@pytest.mark.parametrize("number", [None, 1])
def test_good_numbers(number):
    old_exports.check_number(number)
