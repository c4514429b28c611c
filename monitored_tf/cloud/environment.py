"""Credentials by an environment variable and a file that is in memory alone."""

from __future__ import annotations

import os
from typing import Any

from absl import logging

from monitored_tf.cloud import op_library, own_server
from monitored_tf.cloud.credentials import Credentials
from monitored_tf.cloud.errors import GcsConfigurationError
from monitored_tf.cloud.settings import Settings

_WAY_OUT = (
    f"Build the ops ({op_library.BUILD_COMMAND}, TensorFlow 2.15 or later) or "
    'install the package (pip install "monitored_tf[gcs]", TensorFlow 2.12 to '
    "2.17)"
)
_LIMITS = (
    "a token that TensorFlow has already stays in use until it expires, up to "
    "an hour; a block cache and the tasks behind a remote master can't be "
    "configured"
)


class Environment:
    """Leads TensorFlow to the credentials by GOOGLE_APPLICATION_CREDENTIALS."""

    name = "environment"
    can = "credentials of this process, before its first use of gs://"
    limits = _LIMITS

    def __init__(self) -> None:
        self._file: int | None = None
        self._given: Credentials | None = None

    def why_not(self) -> str:
        """Returns why it can't be used here, "" if it can."""
        if not hasattr(os, "memfd_create"):
            return "this system has no files in memory (memfd_create)"
        return ""

    def configure_process(self, settings: Settings) -> None:
        """Configures this process.

        Raises:
          GcsConfigurationError: if TensorFlow has read other credentials, or a
            block cache is asked for.
        """
        if settings.block_cache is not None:
            raise GcsConfigurationError(
                "The block cache of gs:// can't be set without ops once "
                f"TensorFlow is imported. {_WAY_OUT}; or set "
                f"{_variables(settings.block_cache)} in the environment before "
                "TensorFlow is imported, and leave block_cache out."
            )
        if settings.credentials is None:
            return
        if settings.credentials == self._given:
            self._lead_to_file()
            return
        if self._was_read():
            raise GcsConfigurationError(
                "TensorFlow has a token of the credentials given before, and "
                "without ops it uses that one until it expires, up to an hour. "
                f"{_WAY_OUT}, or use a process for each."
            )
        self._replace(settings.credentials)
        logging.warning(
            "Credentials for gs:// are given by GOOGLE_APPLICATION_CREDENTIALS "
            "and a file in memory, which child processes do not get. Limits: "
            "%s. %s to have more.",
            _LIMITS,
            _WAY_OUT,
        )

    def configure_master(
        self, settings: Settings, master: str, config: Any, devices: list[str]
    ) -> None:
        """Raises unless the master is a server of this process.

        Raises:
          GcsConfigurationError: if it is that of another process.
        """
        if not own_server.is_own(master):
            raise GcsConfigurationError(
                f"gs:// can't be configured behind {master} without ops. "
                f"{_WAY_OUT}, here and for the tasks; or call "
                "monitored_tf.cloud.configure_gcs() in each task's own process "
                "instead of this."
            )

    def _was_read(self) -> bool:
        return self._file is not None and os.fstat(self._file).st_atime_ns > 0

    def _replace(self, credentials: Credentials) -> None:
        file = os.memfd_create("gcs_credentials", os.MFD_CLOEXEC)
        with open(file, "w", encoding="utf-8", closefd=False) as stream:
            stream.write(credentials.reveal())
        # The first reader sets it to the time of its read.
        os.utime(file, ns=(0, 0))
        before, self._file, self._given = self._file, file, credentials
        self._lead_to_file()
        if before is not None:
            os.close(before)

    def _lead_to_file(self) -> None:
        path = f"/proc/self/fd/{self._file}"
        os.environ["GOOGLE_APPLICATION_CREDENTIALS"] = path
        # Or TensorFlow would take the machine's own account where these are
        # refused, and keep an empty token for ever where there is none.
        os.environ["NO_GCE_CHECK"] = "true"


def _variables(cache: Any) -> str:
    def megabytes(size: int) -> int:
        return -(-size // 2**20)

    return (
        f"GCS_READ_CACHE_BLOCK_SIZE_MB={megabytes(cache.block_size)} "
        f"GCS_READ_CACHE_MAX_SIZE_MB={megabytes(cache.max_bytes)} "
        f"GCS_READ_CACHE_MAX_STALENESS={cache.max_staleness}"
    )
