"""Assets are downloaded and compared with their hashes; what needs a network says which address it could not reach, and why."""

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import srsly

from conftest import ROOT, command
from network import DIRECT, PROXIES

SPACY = ["python", "-m", "spacy", "project", "assets", "--extra"]
OURS = ["python", ROOT / "scripts/assets.py", "--extra"]


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder; of files called cut… only the first half comes."""

    def copyfile(self, source, outputfile):
        content = source.read()
        outputfile.write(content[: len(content) // 2] if "/cut" in self.path else content)

    def log_message(self, *words):
        self.server.asked.append(self.path)


@pytest.fixture
def server(tmp_path):
    """A web server on loopback for the folder `served`; `asked` has the requests."""
    (tmp_path / "served").mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=tmp_path / "served")) as made:
        made.asked, made.url = [], f"http://127.0.0.1:{made.server_port}"
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def project(folder, *assets: dict):
    """A project with nothing but assets."""
    folder.mkdir()
    srsly.write_yaml(folder / "project.yml", {"assets": list(assets)})
    return folder


def test_the_extra_assets_say_the_address_and_the_reason(clone):
    done = command(*OURS, cwd=clone, **PROXIES)
    urls = [asset["url"].split("#")[0] for asset in srsly.read_yaml(ROOT / "project.yml")["assets"] if "url" in asset]
    assert done.code == 1 and urls and all(f"{url}: " in done.out for url in urls), done.raw
    assert done.out.count("Connection refused") == len(urls) and "Traceback" not in done.raw, done.raw
    assert not any((clone / "assets/extra").iterdir())


def test_spacys_own_command_says_them_too(clone):
    """For the first of them, and at the end of a traceback."""
    done = command(*SPACY, cwd=clone, **PROXIES)
    last = done.raw.strip().splitlines()[-1]
    assert done.code == 1 and "github.com" in last and ".whl" in last and "Connection refused" in last, done.raw


def test_without_a_network_no_asset_that_is_needed_is_missing(clone):
    for words in (OURS[:-1], SPACY[:-1]):
        done = command(*words, cwd=clone, **PROXIES)
        assert done.code == 0, done.raw


@pytest.mark.parametrize(
    "hashes, file, reason",
    [
        ({"checksum": "0" * 32}, "new.txt", "what came has md5 "),
        ({"sha256": "0" * 64}, "new.txt", "what came has sha256 "),
        ({}, "cut.txt", "IncompleteRead"),
        ({"checksum": "0" * 32}, "none.txt", "404"),
    ],
    ids=["md5", "sha256", "half of it", "not there"],
)
def test_a_file_that_is_not_the_right_one_leaves_the_old_one(tmp_path, server, hashes, file, reason):
    for name in ("new.txt", "cut.txt"):
        (tmp_path / "served" / name).write_text("new\n" * 50, encoding="utf8")
    url = f"{server.url}/{file}" + (f"#sha256={hashes['sha256']}" if "sha256" in hashes else "")
    asset = {"dest": "data/file.txt", "url": url} | {key: value for key, value in hashes.items() if key == "checksum"}
    good = {"dest": "data/good.txt", "url": f"{server.url}/new.txt"}
    folder = project(tmp_path / "project", asset, good)
    # Without a hash a file that is there is right; an empty one is the trace of a download that broke off.
    old = "old" if hashes else ""
    (folder / "data").mkdir()
    (folder / "data/file.txt").write_text(old, encoding="utf8")
    done = command(*OURS, cwd=folder, **DIRECT)
    assert (
        done.code == 1 and f"{server.url}/{file}: " in done.out and reason in done.out and "Traceback" not in done.raw
    ), done.raw
    assert (folder / "data/file.txt").read_text(encoding="utf8") == old
    # The others come all the same, and nothing is left beside them.
    assert sorted(path.name for path in (folder / "data").iterdir()) == ["file.txt", "good.txt"]
    done = command(*SPACY, cwd=folder, **DIRECT)
    assert (folder / "data/file.txt").read_text(encoding="utf8") == old or not old, done.raw


def test_the_right_file_replaces_a_wrong_one_and_comes_once(tmp_path, server):
    text = "new\n"
    (tmp_path / "served/new.txt").write_text(text, encoding="utf8")
    md5, sha256 = (hashlib.new(kind, text.encode()).hexdigest() for kind in ("md5", "sha256"))
    folder = project(
        tmp_path / "project",
        {"dest": "a.txt", "url": f"{server.url}/new.txt", "checksum": md5},
        {"dest": "b.txt", "url": f"{server.url}/new.txt#sha256={sha256}", "extra": True},
        {"dest": "c.txt", "url": str(tmp_path / "served/new.txt"), "checksum": md5, "extra": True},
        {"dest": "d.txt"},
    )
    for name in "ab":
        (folder / f"{name}.txt").write_text("old", encoding="utf8")
    done = command(*OURS[:-1], cwd=folder, **DIRECT)
    assert done.code == 0 and "d.txt has no url" in done.out, done.raw
    assert [(folder / f"{name}.txt").read_text(encoding="utf8") for name in "ab"] == [text, "old"]
    done = command(*OURS[:-1], "c.txt", cwd=folder, **DIRECT)
    assert done.code == 0 and (folder / "c.txt").exists() and server.asked == ["/new.txt"], done.raw
    for _ in range(2):
        done = command(*OURS, cwd=folder, **DIRECT)
        assert done.code == 0 and (folder / "b.txt").read_text(encoding="utf8") == text, done.raw
    assert server.asked == ["/new.txt"] * 2
    done = command(*OURS, "e.txt", cwd=folder)
    assert done.code == 1 and "no asset e.txt" in done.out and "a.txt, b.txt" in done.out, done.raw
