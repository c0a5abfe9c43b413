"""`tui --web`: for this computer only, with nothing from outside."""

import re

import pytest
from aiohttp.test_utils import TestClient, TestServer

from rollout.cli.screen_web import COOKIE, ScreenServer


@pytest.fixture
async def served():
    server = ScreenServer("true", 8641, "県 <b>")
    client = TestClient(TestServer(await server.make_app(), host="127.0.0.1"))
    await client.start_server()
    yield server, client
    await client.close()


OWN = {"Host": "127.0.0.1:8641"}


async def test_without_the_token_nothing_is_served(served):
    _server, client = served
    for path in ("/", "/ws", "/static/js/textual.js", "/?token=wrong"):
        assert (await client.get(path, headers=OWN)).status == 403


async def test_another_host_or_another_sites_page_is_refused(served):
    server, client = served
    cookie = {COOKIE: server.token}
    named = {"Host": "evil.example:8641"}
    assert (await client.get("/", headers=named, cookies=cookie)).status == 403
    foreign = {**OWN, "Origin": "https://evil.example"}
    assert (await client.get("/ws", headers=foreign, cookies=cookie)).status == 403


async def test_the_token_becomes_a_cookie_and_leaves_the_address(served):
    server, client = served
    answer = await client.get(f"/?token={server.token}", headers=OWN, allow_redirects=False)
    assert answer.status == 302
    assert answer.headers["Location"] == "/"
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=Strict" in answer.headers["Set-Cookie"]


async def test_the_page_and_what_it_loads_name_no_other_host(served):
    server, client = served
    cookie = {COOKIE: server.token}
    page = await client.get("/", headers=OWN, cookies=cookie)
    text = await page.text()
    assert "県 &lt;b&gt;" in text
    assert set(re.findall(r"(?:https?|wss?)://([^/\"']+)", text)) == {"127.0.0.1:8641"}
    for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', text):
        found = await client.get(path, headers=OWN, cookies=cookie)
        assert found.status == 200
        loaded = re.findall(r"url\(\s*['\"]?(?!data:)([^)'\"]+)", await found.text())
        assert not [one for one in loaded if "//" in one]
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
