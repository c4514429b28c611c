"""By what gs:// is configured in this process."""

from __future__ import annotations

import functools
import os
from typing import Any, Protocol

from absl import logging

from monitored_tf.cloud.built_ops import BuiltOps
from monitored_tf.cloud.environment import Environment
from monitored_tf.cloud.errors import GcsConfigurationError
from monitored_tf.cloud.package_ops import PackageOps
from monitored_tf.cloud.settings import Settings

CHOICE = "MONITORED_TF_GCS_MECHANISM"


class Mechanism(Protocol):
    """A way to configure gs://.

    Attributes:
      name: As in the log.
      can: What it does.
      limits: What it does not, "" if it does all.
    """

    name: str
    can: str
    limits: str

    def why_not(self) -> str:
        """Returns why it can't be used here, "" if it can."""

    def configure_process(self, settings: Settings) -> None:
        """Configures this process."""

    def configure_master(
        self, settings: Settings, master: str, config: Any, devices: list[str]
    ) -> None:
        """Configures the tasks behind a master."""


@functools.cache
def all_by_preference() -> tuple[Mechanism, ...]:
    """Returns the mechanisms, the best one first."""
    return PackageOps(), BuiltOps(), Environment()


@functools.cache
def active() -> Mechanism:
    """Returns the mechanism of this process, which it keeps.

    That is the first that works here. The environment variable
    `MONITORED_TF_GCS_MECHANISM` names another one.

    Raises:
      GcsConfigurationError: if none works here, or not the one named.
    """
    named = os.environ.get(CHOICE, "")
    why_not = {}
    for mechanism in all_by_preference():
        if named and named != mechanism.name:
            continue
        why_not[mechanism.name] = mechanism.why_not()
        if not why_not[mechanism.name]:
            logging.info("gs:// is configured by: %s.", mechanism.name)
            return mechanism
    if not why_not:
        names = [mechanism.name for mechanism in all_by_preference()]
        raise GcsConfigurationError(
            f"{CHOICE} must be one of {', '.join(names)}. Got {named!r}."
        )
    reasons = "; ".join(f"{name}: {why}" for name, why in why_not.items())
    raise GcsConfigurationError(f"Nothing here can configure gs://. {reasons}.")
