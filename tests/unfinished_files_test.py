"""What unfinished saves leave, and what removes it."""

import pytest
import tensorflow as tf

from monitored_tf import unfinished_files


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_leftovers_of_its_own_name_are_removed(tmp_path):
    own = [
        "model.ckpt-1_temp",
        "model.ckpt-22_temp_0123abcd",
        "model.ckpt-3.data-00000-of-00001.tempstate99",
        "model.ckpt-3.index.tempstate99",
    ]
    others = [
        "model.ckpt-1.index",
        "model.ckpt-1_temperature",
        "other.ckpt-1_temp",
        "model.ckpt-eval-1_temp",
        "checkpoint",
    ]
    for name in own + others:
        path = tmp_path / name
        if name.endswith(("_temp", "abcd")):
            path.mkdir()
            path = path / "part"
        path.write_text("")
    unfinished_files.remove_leftovers(str(tmp_path), "model.ckpt")
    assert _names(tmp_path) == sorted(others)


def test_no_leftovers_in_a_folder_that_is_not_there(tmp_path):
    unfinished_files.remove_leftovers(str(tmp_path / "new"), "model.ckpt")
    assert _names(tmp_path) == []


def test_leftovers_are_told(tmp_path, caplog):
    caplog.set_level("INFO")
    (tmp_path / "model.ckpt-1_temp").mkdir()
    unfinished_files.remove_leftovers(str(tmp_path), "model.ckpt")
    assert "what unfinished saves left: model.ckpt-1_temp." in caplog.text


def test_only_the_state_file_of_a_save_that_failed_is_removed(tmp_path):
    (tmp_path / f"checkpoint.tmp{'0a' * 16}").write_text("")
    for name in ("checkpoint", "checkpoint.tmp", "checkpoint.tmp_of_mine"):
        (tmp_path / name).write_text("")
    unfinished_files.remove_unfinished_state(str(tmp_path))
    assert _names(tmp_path) == [
        "checkpoint",
        "checkpoint.tmp",
        "checkpoint.tmp_of_mine",
    ]


def test_a_folder_for_a_checkpoint_is_one_that_is_removed(tmp_path):
    path = unfinished_files.folder_for(str(tmp_path / "model.ckpt-5"))
    assert tf.io.gfile.isdir(path)
    unfinished_files.remove_leftovers(str(tmp_path), "model.ckpt")
    assert _names(tmp_path) == []


def test_the_index_is_moved_last(tmp_path, monkeypatch):
    folder = tmp_path / "new"
    folder.mkdir()
    for name in ("m.index", "m.data-00000-of-00001", "m.meta"):
        (folder / name).write_text("")
    moved = []
    monkeypatch.setattr(
        tf.io.gfile, "rename", lambda path, to, overwrite: moved.append(to)
    )
    unfinished_files.move_files(str(folder), str(tmp_path))
    assert moved[-1] == str(tmp_path / "m.index")
    assert len(moved) == 3


@pytest.mark.parametrize("name", ["[a]*?", "plain"])
def test_names_with_the_marks_of_patterns_are_taken_as_they_are(tmp_path, name):
    (tmp_path / f"{name}-1_temp").mkdir()
    (tmp_path / "aXY-1_temp").mkdir()
    unfinished_files.remove_leftovers(str(tmp_path), name)
    assert _names(tmp_path) == ["aXY-1_temp"]
