"""What answers in the directory's place: a proxy's page, a gate of the network, half an answer."""

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from rollout.adapters.graph.directory import GraphDirectory
from rollout.adapters.graph.transport import NoReply
from rollout.application.accounts.directory import DirectoryAway
from rollout.application.accounts.orders import AddMember, Doubtful
from rollout.settings import Settings, load

TOKEN = json.dumps({"access_token": "head.e30.sign", "expires_in": 3600, "token_type": "Bearer"})
PAGE = "<html><body>このサイトは許可されていません</body></html>"


class Ill(BaseHTTPRequestHandler):
    """Answers what the test wants: a status and a body; None: it hangs up."""

    protocol_version = "HTTP/1.1"
    token: tuple[int, str] = (200, TOKEN)
    graph: tuple[int, str] | None = (200, PAGE)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.do_GET()

    def do_GET(self) -> None:
        said = type(self).token if "/oauth2/" in self.path else type(self).graph
        if said is None:
            self.close_connection = True
            return
        body = said[1].encode()
        self.send_response(said[0])
        self.send_header("content-type", "text/html" if said[1] == PAGE else "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("location", "https://gate.example.jp/")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_said: object) -> None:
        """Silent."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder: Path = tmp_path_factory.mktemp("ill")
    authority, context = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    (folder / "secret").touch(mode=0o600)
    (folder / "secret").write_text("not very")
    with ThreadingHTTPServer(("127.0.0.1", 0), Ill) as server:
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        origin = f"https://localhost:{server.server_address[1]}"
        (folder / "rollout.toml").write_text(
            "[programme]\nstart = 2022-11-01\ncutover = 2023-05-01\n[accounts.tenant]\n"
            'tenant_id = "11111111-1111-1111-1111-111111111111"\n'
            'client_id = "22222222-2222-2222-2222-222222222222"\ncredential = "secret"\n'
            f'secret_file = "secret"\nca_file = "ca.pem"\nlogin_url = "{origin}"\n'
            f'graph_url = "{origin}/v1.0"\n'
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ROLLOUT_CONFIG", str(folder / "rollout.toml"))
            yield load()
        server.shutdown()
        thread.join()


@pytest.fixture
def directory(settings: Settings) -> Iterator[GraphDirectory]:
    made = GraphDirectory(settings.accounts.tenant)
    yield made
    made.close()
    Ill.token, Ill.graph = (200, TOKEN), (200, PAGE)


@pytest.mark.parametrize("said", [(200, PAGE), (302, ""), (307, PAGE), (200, '{"respon')])
def test_what_is_not_the_services_answer_leaves_a_batch_in_doubt(
    directory: GraphDirectory, said: tuple[int, str]
) -> None:
    Ill.graph = said
    exchange = directory.exchange(lambda: False)
    exchange.send([AddMember(1, "group", "user")])
    ((_order, found),) = exchange.answers()
    exchange.end()
    assert isinstance(found, Doubtful)
    assert f"HTTP {said[0]}" in found.why


def test_a_page_that_is_not_the_services_is_no_answer_to_a_question(
    directory: GraphDirectory,
) -> None:
    transport = directory._loop.run(directory._ready())
    with pytest.raises(NoReply, match="something else than JSON"):
        directory._loop.run(transport.send("GET", "/subscribedSkus"))


def test_half_a_token_keeps_the_directory_away_and_is_told_to_nobody(
    directory: GraphDirectory,
) -> None:
    Ill.token = (200, TOKEN[:30])
    with pytest.raises(DirectoryAway, match="gives no token") as away:
        directory.products()
    assert "head" not in str(away.value)


def test_a_sign_in_whose_answer_is_lost_is_told_in_our_words(
    directory: GraphDirectory, settings: Settings
) -> None:
    Ill.graph = None
    with pytest.raises(DirectoryAway, match="does not answer /organization"):
        directory.sign_in(settings)


def test_an_address_that_the_service_does_not_know_is_told_in_our_words(
    directory: GraphDirectory,
) -> None:
    Ill.graph = (404, json.dumps({"error": {"code": "BadRequest", "message": "no such thing"}}))
    with pytest.raises(DirectoryAway, match="/subscribedSkus: BadRequest"):
        directory.products()
