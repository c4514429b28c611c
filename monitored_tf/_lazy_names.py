"""Public names that are loaded, and TensorFlow with them, when first used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Callable

_ROOT = __name__.partition(".")[0]


class LazyNames:
    """The names of a package, by where they live.

    Args:
      package: `__name__` of the package.
      names: The names by the module that has them, below monitored_tf.
      submodules: Those modules of the package that are public.
      explain: Given a name that is not there, returns what to do instead, or
        None.

    Attributes:
      module_of: The module, below monitored_tf, of each name.
      all: The names, for `__all__`.
    """

    def __init__(
        self,
        package: str,
        names: Mapping[str, Sequence[str]],
        submodules: Sequence[str],
        explain: Callable[[str], str | None] = lambda name: None,
    ) -> None:
        self.module_of = {
            name: module for module, held in names.items() for name in held
        }
        self.all = sorted(self.module_of)
        self._package = package
        self._submodules = submodules
        self._explain = explain

    def get(self, name: str) -> Any:
        """Stands as the package's `__getattr__`.

        Raises:
          AttributeError: there is no such name.
        """
        if name in self._submodules:
            return importlib.import_module(f"{self._package}.{name}")
        module = self.module_of.get(name)
        if module is None:
            raise AttributeError(
                self._explain(name)
                or f"module {self._package!r} has no attribute {name!r}"
            )
        value = getattr(importlib.import_module(f"{_ROOT}.{module}"), name)
        # From now on it is found at once.
        setattr(sys.modules[self._package], name, value)
        return value

    def dir(self) -> list[str]:
        """Stands as the package's `__dir__`."""
        return sorted((*self.all, *self._submodules))
