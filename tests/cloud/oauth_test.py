"""Which requests for a token are granted."""

from __future__ import annotations

import base64
import json
import time
import urllib.parse

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from tests.cloud.oauth import TokenIssuer
from tests.cloud.tls_proxy import Request

AUDIENCE = "https://www.googleapis.com/oauth2/v4/token"


@pytest.fixture(scope="module")
def issuer():
    return TokenIssuer()


@pytest.fixture(scope="module")
def account(issuer):
    return issuer.service_account("robot")


def ask(issuer, **form):
    target = urllib.parse.urlsplit(AUDIENCE)
    body = urllib.parse.urlencode(form).encode()
    request = Request("POST", target.netloc, target.path, {}, {}, body)
    answer = issuer.answer_grant(request)
    return answer.status, json.loads(answer.body)


def encode(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def assertion(key, header, claims):
    signed = ".".join(encode(json.dumps(p).encode()) for p in (header, claims))
    private = serialization.load_pem_private_key(key.encode(), None)
    signature = private.sign(
        signed.encode(), padding.PKCS1v15(), hashes.SHA256()
    )
    return f"{signed}.{encode(signature)}"


def ask_with_key(issuer, account, *, key=None, header=(), claims=()):
    now = int(time.time())
    jwt = assertion(
        key or account["private_key"],
        {"alg": "RS256", "kid": account["private_key_id"], **dict(header)},
        {
            "iss": account["client_email"],
            "scope": "https://www.googleapis.com/auth/cloud-platform",
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 3600,
            **dict(claims),
        },
    )
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    return ask(issuer, grant_type=grant, assertion=jwt)


def test_signed_claims_are_granted(issuer, account):
    status, answer = ask_with_key(issuer, account)
    assert status == 200
    assert issuer.owner_of(answer["access_token"]) == "robot"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"header": {"kid": "other"}}, "unknown kid"),
        ({"header": {"alg": "none"}}, "alg is not RS256"),
        ({"claims": {"iss": "other"}}, "unknown iss"),
        ({"claims": {"aud": "https://other"}}, f"aud is not {AUDIENCE}"),
        ({"claims": {"scope": "email"}}, "no scope for storage"),
        ({"claims": {"iat": 1, "exp": 3601}}, "iat or exp"),
        ({"claims": {"exp": time.time() + 9999}}, "exp is too late"),
    ],
)
def test_wrong_claims_are_refused(issuer, account, changes, why):
    status, answer = ask_with_key(issuer, account, **changes)
    assert (status, answer["error_description"]) == (400, why)


def test_signature_by_another_key_is_refused(issuer, account):
    key = issuer.service_account("other")["private_key"]
    status, answer = ask_with_key(issuer, account, key=key)
    assert (status, answer["error_description"]) == (400, "wrong signature")


def test_malformed_assertion_is_refused(issuer):
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    status, answer = ask(issuer, grant_type=grant, assertion="junk")
    assert status == 400
    assert "malformed assertion" in answer["error_description"]


@pytest.mark.parametrize("field", ["client_id", "client_secret"])
def test_refresh_token_needs_its_client(issuer, field):
    form = {**issuer.authorized_user("user"), "grant_type": "refresh_token"}
    assert ask(issuer, **form)[0] == 200
    status, answer = ask(issuer, **{**form, field: "other"})
    assert (status, answer["error_description"]) == (400, f"wrong {field}")


def test_revoked_identity_gets_no_token():
    issuer = TokenIssuer()
    form = {**issuer.authorized_user("user"), "grant_type": "refresh_token"}
    token = ask(issuer, **form)[1]["access_token"]
    assert issuer.is_valid(token)
    issuer.expire_tokens("user")
    assert not issuer.is_valid(token)
    assert ask(issuer, **form)[0] == 200
    issuer.revoke("user")
    assert ask(issuer, **form)[1]["error_description"] == "revoked"
    assert not any(map(issuer.is_valid, issuer.tokens_for("user")))
