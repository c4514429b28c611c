"""Google Cloud Storage on 127.0.0.1, for TensorFlow's own gs:// client.

The client's endpoints are constants, so the server is an HTTP proxy to it: it
ends the TLS to any of Google's hosts and plays the token endpoints, the
metadata server and the storage API. It sees whose token each request bears.
    with GcsServer() as server:
        server.make_bucket("private", owners=["alice"])
        file.write_text(json.dumps(server.authorized_user("alice")))
        scenario.run(program, environment=server.environment(file))
        assert server.identities() == {"alice"}
The client reads the environment once and keeps tokens and files for its whole
process, so one child process plays one scenario: see `scenario`.
"""

from __future__ import annotations

import enum
import os
import pathlib
import ssl
import tempfile
import threading
from collections.abc import Collection

import trustme

from tests.cloud.oauth import TokenIssuer
from tests.cloud.storage import Bucket, Storage
from tests.cloud.tls_proxy import Answer, NoAnswerError, Request, TlsProxy

_HOSTS = (
    "accounts.google.com",
    "oauth2.googleapis.com",
    "storage.googleapis.com",
    "www.googleapis.com",
)


class Part(enum.Enum):
    """A part of Google that may fail by itself."""

    OAUTH = "token endpoints"
    METADATA = "metadata server"
    STORAGE = "storage API"


class Fault(enum.Enum):
    """What a part does instead of its work.

    Attributes:
        REFUSE: 403.
        UNAVAILABLE: 503, after which clients try again.
        MALFORMED: 200, with a body that is cut JSON.
        HANG: No answer until the server is closed.
        CLOSE: The connection is ended without an answer.
    """

    REFUSE = 403
    UNAVAILABLE = 503
    MALFORMED = 200
    HANG = "hang"
    CLOSE = "close"


class GcsServer:
    """The server, from the start of its `with` block to the end.

    Attributes:
        requests: All requests so far, in the order in which they came.
        issuer: The token endpoints: credentials, tokens, revocation.
        storage: The storage API: buckets, page size of lists.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.issuer = TokenIssuer()
        self.storage = Storage()
        self._faults: dict[Part, Fault] = {}
        self._lock = threading.RLock()
        self._stopped = threading.Event()
        self._folder = tempfile.TemporaryDirectory(prefix="gcs_server")
        self._proxy = TlsProxy(self._make_tls(), self._respond)

    def __enter__(self) -> GcsServer:
        self._proxy.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()
        self._folder.cleanup()
        if self._proxy.failures:
            raise self._proxy.failures[0]

    def stop(self) -> None:
        """Makes the server unreachable: its port refuses connections."""
        if not self._stopped.is_set():
            self._stopped.set()
            self._proxy.stop()

    # What it serves.

    def authorized_user(self, identity: str) -> dict[str, str]:
        """Makes credentials with a refresh token."""
        return self.issuer.authorized_user(identity)

    def service_account(self, identity: str) -> dict[str, str]:
        """Makes credentials with a fresh RSA key."""
        return self.issuer.service_account(identity)

    def make_bucket(
        self, name: str, owners: Collection[str] | None = None
    ) -> Bucket:
        """Makes a bucket; `owners` None lets everybody in."""
        self.storage.buckets[name] = Bucket(owners)
        return self.storage.buckets[name]

    def environment(
        self,
        credentials_file: str | os.PathLike[str] | None = None,
        gce_check: bool = True,
    ) -> dict[str, str]:
        """Variables that lead a client here, fit for `scenario.run`.

        Args:
            credentials_file: GOOGLE_APPLICATION_CREDENTIALS; None: unset.
            gce_check: Whether a client without credentials may ask the
                metadata server. It does so once, and keeps an empty token
                if there is none.
        """
        address = f"127.0.0.1:{self._proxy.server_port}"
        variables = {
            "https_proxy": f"http://{address}",
            # The metadata server's way before GCE_METADATA_HOST was known.
            "http_proxy": f"http://{address}",
            # gRPC obeys https_proxy too.
            "no_proxy": "127.0.0.1,localhost,0.0.0.0",
            "CURL_CA_BUNDLE": os.path.join(self._folder.name, "ca.pem"),
            "GCE_METADATA_HOST": address,
            # Where gcloud keeps credentials: none of this machine's.
            "CLOUDSDK_CONFIG": os.path.join(self._folder.name, "gcloud"),
            "GCS_RETRY_CONFIG_MAX_RETRIES": "1",
        }
        if credentials_file is not None:
            path = os.fspath(credentials_file)
            variables["GOOGLE_APPLICATION_CREDENTIALS"] = path
        if not gce_check:
            variables["NO_GCE_CHECK"] = "true"
        return variables

    # What it does wrongly.

    def plant(self, part: Part, fault: Fault) -> None:
        """Makes a part fail from now on."""
        with self._lock:
            self._faults[part] = fault

    def heal(self) -> None:
        """Makes all parts work again; a request that hangs goes on to."""
        with self._lock:
            self._faults.clear()

    def revoke(self, identity: str) -> None:
        """Accepts the identity's tokens no longer, and mints no other."""
        with self._lock:
            self.issuer.revoke(identity)

    def expire_tokens(self, identity: str) -> None:
        """Accepts the tokens minted so far no longer."""
        with self._lock:
            self.issuer.expire_tokens(identity)

    # What it saw.

    def tokens_for(self, identity: str) -> list[str]:
        """Tokens minted for an identity, oldest first."""
        return self.issuer.tokens_for(identity)

    def requests_to(self, part: Part) -> list[Request]:
        """The requests that one part got."""
        return [r for r in self.requests if _part_of(r) is part]

    def calls(self, call: str = "", object_name: str = "") -> list[Request]:
        """The requests that the storage API understood.

        Args:
            call: Those of one kind alone: read (content), get (metadata),
                list, delete, copy, begin_upload, continue_upload...
            object_name: Those about an object of this name alone.
        """
        return [
            request
            for request in self.requests
            if request.call
            and call in ("", request.call)
            and object_name in ("", request.object_name)
        ]

    def identities(self) -> set[str | None]:
        """Whose tokens came to the storage API; None: no token of here."""
        return {r.identity for r in self.requests_to(Part.STORAGE)}

    # How it answers.

    def _respond(self, request: Request) -> Answer:
        part = _part_of(request)
        with self._lock:
            self.requests.append(request)
            if part is Part.STORAGE:
                request.identity = self.issuer.owner_of(request.token)
                request.is_accepted = self.issuer.is_valid(request.token)
            fault = self._faults.get(part)
            answer = None if fault else self._answer(part, request)
        # Outside of the lock: one that hangs lets the others be answered.
        answer = answer or self._fail(fault)
        request.status = answer.status
        return answer

    def _answer(self, part: Part, request: Request) -> Answer:
        if part is Part.OAUTH:
            return self.issuer.answer_grant(request)
        if part is Part.METADATA:
            return self.issuer.answer_metadata(request)
        return self.storage.answer(request)

    def _fail(self, fault: Fault) -> Answer:
        if fault is Fault.HANG:
            self._stopped.wait()
        if fault in (Fault.HANG, Fault.CLOSE):
            raise NoAnswerError
        return Answer(fault.value, b'{"cut": ')

    def _make_tls(self) -> ssl.SSLContext:
        authority = trustme.CA()
        folder = pathlib.Path(self._folder.name)
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*_HOSTS).configure_cert(tls)
        return tls


def _part_of(request: Request) -> Part:
    if request.path.startswith("/computeMetadata/"):
        return Part.METADATA
    if request.path.endswith("/token") and request.method == "POST":
        return Part.OAUTH
    return Part.STORAGE
