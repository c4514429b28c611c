"""Credentials: what is refused, and that nothing shows them."""

from __future__ import annotations

import copy
import json
import pickle
import re
import traceback

import pytest

import monitored_tf

SECRET = "s3cret-of-the-test"
USER = {
    "type": "authorized_user",
    "client_id": "id",
    "client_secret": SECRET,
    "refresh_token": SECRET,
}
ACCOUNT = {
    "type": "service_account",
    "client_email": "a@b.c",
    "client_id": "1",
    "private_key_id": SECRET,
    "private_key": f"-----BEGIN PRIVATE KEY-----\n{SECRET}",
}


def without(fields, name):
    return {key: fields[key] for key in fields if key != name}


@pytest.mark.parametrize("given", [USER, ACCOUNT])
@pytest.mark.parametrize("form", [dict, json.dumps])
def test_both_kinds_are_taken_as_text_and_as_dict(given, form):
    shown = repr(monitored_tf.ConfigureGcsHook(form(given)))
    assert f"kind {given['type']}" in shown
    assert SECRET not in shown


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (f"{{{SECRET}", "not JSON"),
        ("", "not JSON"),
        (f'["{SECRET}"]', "JSON text of another value (list)"),
        (f'"{SECRET}"', "JSON text of another value (str)"),
        ("null", "NoneType"),
        ([SECRET], "type list"),
        (SECRET.encode(), "type bytes"),
        (3, "type int"),
        (False, "type bool"),
        ({}, "neither refresh_token"),
        ({"type": "x", "token": SECRET}, "neither refresh_token"),
        *(
            (
                {"type": kind, "refresh_token": SECRET},
                "external_account: TensorFlow's gs:// client cannot use them",
            )
            for kind in (
                "external_account",
                "external_account_authorized_user",
            )
        ),
        (f'{"[" * 100_000}"{SECRET}"', "not JSON"),
        ({**USER, "more": float("nan")}, "a value that JSON has not"),
        *(
            (without(USER, name), f"Wrong or missing: {name}.")
            for name in ("client_id", "client_secret")
        ),
        *(
            (without(ACCOUNT, name), f"Wrong or missing: {name}.")
            for name in ("client_email", "client_id", "private_key_id")
        ),
        ({**USER, "refresh_token": ""}, "Wrong or missing: refresh_token."),
        ({**USER, "client_secret": [SECRET]}, "missing: client_secret."),
        ({**ACCOUNT, "private_key": SECRET}, "private_key of the credentials"),
        ({**USER, "more": {SECRET}}, "a value that JSON has not"),
    ],
)
@pytest.mark.parametrize(
    "take",
    [
        monitored_tf.ConfigureGcsHook,
        lambda given: monitored_tf.cloud.configure_gcs(None, given),
    ],
)
def test_what_cannot_be_used_is_a_value_error(take, given, said):
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        take(given)
    error = caught.value
    assert SECRET not in str(error)
    assert error.__context__ is None
    ours = traceback.TracebackException.from_exception(
        error, capture_locals=True
    )
    del ours.stack[0]  # Of this test, which has it.
    if take is not monitored_tf.ConfigureGcsHook:
        del ours.stack[0]  # Of the lambda.
    assert SECRET not in "".join(ours.format())


def test_pickle_is_refused_and_a_copy_holds_no_second_secret():
    hook = monitored_tf.ConfigureGcsHook(USER)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="are not pickled") as caught:
            pickle.dumps(hook, protocol)
        assert SECRET not in str(caught.value)
    copied = copy.deepcopy(hook)
    assert copied._settings.credentials is hook._settings.credentials


def test_hook_without_credentials_is_pickled():
    hook = monitored_tf.ConfigureGcsHook(
        block_cache=monitored_tf.cloud.BlockCacheParams(7)
    )
    assert repr(pickle.loads(pickle.dumps(hook))) == repr(hook)


def test_messages_are_scrubbed():
    hook = monitored_tf.ConfigureGcsHook(ACCOUNT)
    scrub = hook._settings.credentials.scrub
    key = ACCOUNT["private_key"]
    for quoted in (key, json.dumps(key), SECRET):
        assert SECRET not in scrub(f"no good: {quoted}!")
    assert scrub("as it was") == "as it was"
