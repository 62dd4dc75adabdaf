"""Foreign hosts and sites are refused, sizes bounded, headers set; addresses of the machine itself are let in."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from casebook.library import Library
from web.guard import Guard

HOME = "http://127.0.0.1:7860"


async def echo(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"in"})


def client(**limits: int) -> TestClient:
    return TestClient(Guard(echo, "127.0.0.1", **limits), base_url=HOME)


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost:7860", "[::1]:7860", "192.168.1.9:7860"])
def test_own_addresses_are_let_in(host: str) -> None:
    assert client().get("/", headers={"host": host}).text == "in"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:7860", "", "a b"])
def test_other_names_are_refused(host: str) -> None:
    refused = client().get("/", headers={"host": host})
    assert refused.status_code == 403
    assert refused.text.endswith(".")


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:9999", "null"])
def test_other_sites_are_refused(origin: str) -> None:
    assert client().post("/", headers={"origin": origin}).status_code == 403


def test_own_site_and_scripts_are_let_in() -> None:
    assert client().post("/", headers={"origin": HOME}).status_code == 200
    assert client().post("/").status_code == 200
    assert client().post("/", headers={"sec-fetch-site": "cross-site"}).status_code == 403


def test_sizes_are_bounded() -> None:
    small = client(body_bytes=10, upload_bytes=100)
    assert small.post("/x", content=b"0" * 11).status_code == 413
    assert small.post("/library/upload", content=b"0" * 99).status_code == 200
    assert small.post("/library/upload", content=b"0" * 101).status_code == 413
    assert small.post("/x", content=iter([b"0"] * 3)).status_code == 411


def test_headers_keep_the_page_to_itself() -> None:
    headers = client().get("/").headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "http" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.fixture(scope="module")
def served(library: Library) -> TestClient:
    from web.server import create

    return TestClient(create(library), base_url=HOME)


def test_pages_and_boxes(served: TestClient, library: Library) -> None:
    picture = served.get("/pages/denver/2.jpg")
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.content[:2] == b"\xff\xd8"
    version = library.document("denver").sha256[:12]
    assert "immutable" in served.get(f"/pages/denver/2.jpg?v={version}").headers["cache-control"]
    assert "immutable" not in served.get("/pages/denver/2.jpg?v=old").headers["cache-control"]
    text = library.page("denver", 2).text
    boxes = served.get("/pages/denver/2.json?start=100&end=160").json()
    assert boxes["quote"] == text[100:160]
    assert boxes["boxes"]
    assert all(b["left"] >= 0 and b["left"] + b["width"] <= 1.001 for b in boxes["boxes"])
    assert served.get("/files/denver.pdf").content.startswith(b"%PDF")


@pytest.mark.parametrize(
    "path",
    ["/pages/nothing/1.jpg", "/pages/denver/999.json", "/pages/denver/0.jpg", "/files/..%2f..%2fetc.pdf", "/files/nothing.pdf"],
)
def test_what_is_not_there_is_said_in_a_sentence(served: TestClient, path: str) -> None:
    missing = served.get(path)
    assert missing.status_code == 404
    assert "Traceback" not in missing.text


def test_health(served: TestClient) -> None:
    assert served.get("/health").json() == {"ready": True}


def test_export_refuses_what_does_not_stand(served: TestClient, library: Library) -> None:
    text = library.page("denver", 2).text
    good = {
        "document": "denver",
        "page": 2,
        "label": library.page("denver", 2).label,
        "start": 100,
        "end": 160,
        "quote": text[100:160],
        "note": "=1+1",
    }
    assert text[100:160].split()[1] in served.post("/export/markdown", json={"items": [good]}).text
    table = served.post("/export/csv", json={"items": [good]}).text
    assert "'=1+1" in table
    bad = {**good, "quote": text[100:159] + "X"}
    assert served.post("/export/markdown", json={"items": [bad]}).status_code >= 400
    assert served.post("/export/nothing", json={"items": [good]}).status_code == 400
    assert served.post("/export/csv", json={"items": []}).status_code == 400
    assert served.post("/export/csv", json={"items": "x"}).status_code == 422
