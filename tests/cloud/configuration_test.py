"""configure_gcs and its kin, as far as no server is needed."""

from __future__ import annotations

import json

import pytest

from monitored_tf import cloud


def test_nothing_to_do_is_done(graph):
    cloud.configure_gcs()


def test_colab_without_a_file(monkeypatch, tmp_path):
    file = str(tmp_path / "none.json")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
    with pytest.raises(FileNotFoundError, match="authenticate_user"):
        cloud.configure_colab_session(None)


def test_colab_with_another_kind_of_file(monkeypatch, tmp_path):
    file = tmp_path / "adc.json"
    file.write_text(json.dumps({"type": "external_account"}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    with pytest.raises(ValueError, match="external_account"):
        cloud.configure_colab_session(None)


def test_block_cache_is_checked():
    with pytest.raises(ValueError, match="BlockCacheParams"):
        cloud.configure_gcs(block_cache={})
