"""Credentials that are checked, and that nothing prints or pickles."""

from __future__ import annotations

import json
from typing import Any, NoReturn

# What TensorFlow's client reads, by the field that it tells the kinds by.
_SECRETS = ("client_secret", "refresh_token", "private_key", "private_key_id")
_KINDS = {
    "refresh_token": (
        "authorized_user",
        ("client_id", "client_secret", "refresh_token"),
    ),
    "private_key": (
        "service_account",
        ("client_email", "client_id", "private_key", "private_key_id"),
    ),
}


class Credentials:
    """Checked credentials, as JSON text; made by `parse`.

    Its repr holds no secret. A copy is the same object, and it can't be
    pickled: the secret would be in the file.

    Args:
      kind: "authorized_user" or "service_account".
      text: The JSON text.
    """

    __slots__ = ("_text", "kind")

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        self._text = text

    def reveal(self) -> str:
        """Returns the JSON text. Keep it out of names of any frame."""
        return self._text

    def scrub(self, text: str) -> str:
        """Returns the text without the secrets, where it quotes them."""
        fields = json.loads(self._text)
        for name in _SECRETS:
            value = fields.get(name)
            if _is_text(value):
                # As it is, and as JSON has it: a key has line ends.
                for quoted in (value, json.dumps(value)[1:-1]):
                    text = text.replace(quoted, f"<{name}>")
        return text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Credentials):
            return NotImplemented
        return self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return f"<credentials of kind {self.kind}, not shown>"

    def __copy__(self) -> Credentials:
        return self

    def __deepcopy__(self, memo: Any) -> Credentials:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(
            "Credentials for gs:// are not pickled: the secret would be in the "
            "pickle. Make the ConfigureGcsHook in the process that uses it."
        )


def parse(value: Any) -> Credentials | str:
    """Returns the credentials, or what is wrong with them.

    The caller raises: an error raised here would have the secret in the frames
    of its traceback, and a JSONDecodeError has it as an attribute.

    Args:
      value: JSON text, or what `json.loads` makes of it.
    """
    try:
        fields = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return "credentials must be JSON text. Got text that is not JSON."
    if not isinstance(fields, dict):
        return (
            "credentials must be a JSON object, as a string or a dict. Got "
            f"{_described(value, fields)}."
        )
    problem = _kind_problem(fields)
    if problem:
        return problem
    field = next(name for name in _KINDS if name in fields)
    kind, needed = _KINDS[field]
    missing = [name for name in needed if not _is_text(fields.get(name))]
    if missing:
        return (
            f"credentials of kind {kind} need {', '.join(needed)}, each a "
            f"string that is not empty. Wrong or missing: {', '.join(missing)}."
        )
    if field == "private_key" and "-----BEGIN" not in fields[field]:
        return "private_key of the credentials is no PEM text."
    try:
        return Credentials(kind, json.dumps(fields, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return "credentials hold a value that JSON has not. Give JSON text."


def _kind_problem(fields: dict[Any, Any]) -> str:
    kind = fields.get("type")
    # That of workforces, external_account_authorized_user, too.
    if isinstance(kind, str) and kind.startswith("external_account"):
        return (
            "credentials of kind external_account: TensorFlow's gs:// client "
            "cannot use them. Give some of kind authorized_user or "
            "service_account."
        )
    if not any(name in fields for name in _KINDS):
        return (
            "credentials hold neither refresh_token (kind authorized_user) nor "
            "private_key (kind service_account), and TensorFlow's gs:// client "
            "takes no other kind."
        )
    return ""


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _described(value: Any, fields: Any) -> str:
    if isinstance(value, str):
        return f"JSON text of another value ({type(fields).__name__})"
    return f"an object of type {type(value).__name__}"
