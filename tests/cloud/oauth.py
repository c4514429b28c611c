"""Google's token endpoints: who may have a token, and whose a token is."""

from __future__ import annotations

import base64
import json
import time
import urllib.parse
import uuid

from cryptography import exceptions
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.cloud.tls_proxy import Answer, Request

_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SCOPES = {
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/devstorage.read_write",
}
# What Google allows a grant to live, seconds.
_LONGEST_GRANT_SECS = 3600


class GrantRefusedError(Exception):
    """A request for a token that is not granted; the text says why."""


class TokenIssuer:
    """Makes credentials, mints tokens for them, knows whose a token is.

    Attributes:
        token_secs: Life of a token as told to the client, which asks for a
            new one a minute before (up to 60: before each request). The
            server itself forgets none.
        machine_account: Whose tokens the metadata server mints; None where
            the machine has no account.
    """

    def __init__(self) -> None:
        self.token_secs = 3600
        self.machine_account: str | None = None
        self._refresh_tokens: dict[str, tuple[str, dict[str, str]]] = {}
        self._accounts: dict[str, tuple[str, dict[str, str]]] = {}
        self._minted: dict[str, str] = {}
        self._expired: set[str] = set()
        self._revoked: set[str] = set()

    def authorized_user(self, identity: str) -> dict[str, str]:
        """Credentials with a refresh token, as gcloud writes them."""
        credentials = {
            "type": "authorized_user",
            "client_id": f"{identity}.apps.googleusercontent.com",
            "client_secret": f"client-secret-{_secret()}",
            "refresh_token": f"refresh-token-{_secret()}",
        }
        token = credentials["refresh_token"]
        self._refresh_tokens[token] = (identity, credentials)
        return dict(credentials)

    def service_account(self, identity: str) -> dict[str, str]:
        """Credentials with a fresh RSA key, as the Cloud console makes them."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        email = f"{identity}@project.iam.gserviceaccount.com"
        credentials = {
            "type": "service_account",
            "project_id": "project",
            "private_key_id": _secret(),
            "private_key": pem.decode(),
            "client_email": email,
            "client_id": "1",
            "token_uri": "https://oauth2.googleapis.com/token",
        }
        self._accounts[email] = (identity, credentials)
        return dict(credentials)

    def tokens_for(self, identity: str) -> list[str]:
        """Tokens minted for an identity so far, oldest first."""
        return [t for t, owner in self._minted.items() if owner == identity]

    def owner_of(self, token: str | None) -> str | None:
        """Whose token that is; None if no endpoint here minted it."""
        return self._minted.get(token) if token else None

    def is_valid(self, token: str | None) -> bool:
        """Whether a token was minted here and has not been ended."""
        return token in self._minted and token not in self._expired

    def expire_tokens(self, identity: str) -> None:
        """Ends the tokens minted so far; new ones may be asked for."""
        self._expired.update(self.tokens_for(identity))

    def revoke(self, identity: str) -> None:
        """Ends the tokens minted so far and mints no other."""
        self.expire_tokens(identity)
        self._revoked.add(identity)

    def answer_grant(self, request: Request) -> Answer:
        """Answers a request for a token; notes whose credentials it showed."""
        form = dict(urllib.parse.parse_qsl(request.body.decode()))
        try:
            if form.get("grant_type") == "refresh_token":
                request.identity = self._user_of(form)
            elif form.get("grant_type") == _JWT_GRANT:
                audience = f"https://{request.host}{request.path}"
                request.identity = self._account_of(form, audience)
            else:
                raise GrantRefusedError("unknown grant_type")
            if request.identity in self._revoked:
                raise GrantRefusedError("revoked")
            return self._mint(request.identity)
        except GrantRefusedError as refused:
            error = {
                "error": "invalid_grant",
                "error_description": str(refused),
            }
            return json_answer(error, status=400)

    def answer_metadata(self, request: Request) -> Answer:
        """Answers as the metadata server of a Compute Engine machine."""
        if request.headers.get("metadata-flavor") != "Google":
            return json_answer({"error": "no Metadata-Flavor"}, status=403)
        if request.path.endswith("/instance/zone"):
            return Answer(200, b"projects/1/zones/us-central1-a")
        is_token = request.path.endswith("/service-accounts/default/token")
        if not is_token or self.machine_account in {None, *self._revoked}:
            return json_answer({"error": "not found"}, status=404)
        request.identity = self.machine_account
        return self._mint(self.machine_account)

    def _mint(self, identity: str) -> Answer:
        token = f"access-token-{identity}-{_secret()}"
        self._minted[token] = identity
        return json_answer(
            {
                "access_token": token,
                "expires_in": self.token_secs,
                "token_type": "Bearer",
            }
        )

    def _user_of(self, form: dict[str, str]) -> str:
        token = form.get("refresh_token", "")
        if token not in self._refresh_tokens:
            raise GrantRefusedError("unknown refresh_token")
        identity, credentials = self._refresh_tokens[token]
        for field in ("client_id", "client_secret"):
            if form.get(field) != credentials[field]:
                raise GrantRefusedError(f"wrong {field}")
        return identity

    def _account_of(self, form: dict[str, str], audience: str) -> str:
        signed, _, signature = form.get("assertion", "").rpartition(".")
        try:
            header, claims = (json.loads(_decode(p)) for p in signed.split("."))
        except ValueError as error:
            raise GrantRefusedError(f"malformed assertion: {error}") from error
        if claims.get("iss") not in self._accounts:
            raise GrantRefusedError("unknown iss")
        identity, credentials = self._accounts[claims["iss"]]
        if header.get("kid") != credentials["private_key_id"]:
            raise GrantRefusedError("unknown kid")
        _check_signature(signed, _decode(signature), header, credentials)
        _check_claims(claims, audience)
        return identity


def json_answer(value: object, status: int = 200) -> Answer:
    """An answer that holds a JSON value."""
    headers = {"Content-Type": "application/json; charset=UTF-8"}
    return Answer(status, json.dumps(value).encode(), headers)


def _check_signature(signed, signature, header, credentials) -> None:
    if header.get("alg") != "RS256":
        raise GrantRefusedError("alg is not RS256")
    pem = credentials["private_key"].encode()
    key = serialization.load_pem_private_key(pem, password=None).public_key()
    try:
        key.verify(
            signature, signed.encode(), padding.PKCS1v15(), hashes.SHA256()
        )
    except exceptions.InvalidSignature as error:
        raise GrantRefusedError("wrong signature") from error


def _check_claims(claims, audience: str) -> None:
    if claims.get("aud") != audience:
        raise GrantRefusedError(f"aud is not {audience}")
    if not _SCOPES.intersection(claims.get("scope", "").split()):
        raise GrantRefusedError("no scope for storage")
    issued, expires = claims.get("iat", 0), claims.get("exp", 0)
    if not issued - 60 <= time.time() < expires:
        raise GrantRefusedError("iat or exp")
    if expires - issued > _LONGEST_GRANT_SECS:
        raise GrantRefusedError("exp is too late")


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _secret() -> str:
    return uuid.uuid4().hex
