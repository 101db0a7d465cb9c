"""Files that people send are read in a child that can do little and whose end costs nobody else."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import zipfile
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from analysis import confined, media
from analysis.confined.jail import Limits
from analysis.exchange import formats
from analysis.exchange.values import ExchangeError, Options
from analysis.media import decode
from analysis.text.reading import read_bytes
from analysis.types import AnalysisError, MediaError
from tests.conftest import MEDIA, REPOSITORY
from tests.security.bombs import make_bomb
from tests.security.helpers import helpers, scratch_left

CLIP = MEDIA / "d1_smile_6_12_then_12.mp4"
EAF = '<?xml version="1.0"?>{}<ANNOTATION_DOCUMENT>{}</ANNOTATION_DOCUMENT>'
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux")

#: Run in a jail of its own; each line is tried and its outcome said.
PRISONER = """
import json, os, socket, subprocess, sys, threading, ctypes
from pathlib import Path
from analysis.confined import jail
from analysis.confined.jail import Limits
secret, scratch, told = Path(sys.argv[1]), Path(sys.argv[2]), {}
given = os.open(sys.argv[3], os.O_RDONLY)
jail.enter(Limits(memory=256 << 20, cpu_s=20, wall_s=200, written=1 << 20), [given], scratch)
def tried(name, action):
    try:
        action(); told[name] = "done"
    except MemoryError:
        told[name] = "MemoryError"
    except OSError as error:
        told[name] = os.strerror(error.errno)
TGKILL, SHMGET = (234, 29) if os.uname().machine == "x86_64" else (131, 194)
libc = ctypes.CDLL(None, use_errno=True)
def call(*numbers):
    if libc.syscall(*numbers) < 0:
        raise OSError(ctypes.get_errno(), "refused")
def thread():
    one = threading.Thread(target=int); one.start(); one.join()
tried("read a secret", secret.read_text)
tried("read the data folder", lambda: os.listdir(secret.parent))
tried("read passwords", lambda: open("/etc/passwd").read())
tried("read the parent's memory", lambda: open(f"/proc/{os.getppid()}/mem", "rb").read(1))
tried("write elsewhere", lambda: (secret.parent / "more").write_text("x"))
tried("open a secret to others", lambda: secret.chmod(0o666))
tried("give a secret away", lambda: os.chown(secret, os.getuid(), os.getgid()))
tried("empty a secret", lambda: os.truncate(secret, 0))
tried("date a secret back", lambda: os.utime(secret, (0, 0)))
tried("mark a secret", lambda: os.setxattr(secret, "user.mark", b"x"))
tried("open the given file to others", lambda: os.fchmod(given, 0o666))
tried("open a socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
tried("open a local socket", lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
tried("start a program", lambda: os.execv("/bin/true", ["true"]))
tried("fork", os.fork)
tried("signal the parent", lambda: os.kill(os.getppid(), 0))
tried("signal a thread of the parent", lambda: call(TGKILL, os.getppid(), os.getppid(), 0))
tried("signal a thread of its own", lambda: call(TGKILL, os.getpid(), threading.get_native_id(), 0))
tried("share memory with others", lambda: call(SHMGET, 0, 4096, 0o1600))
tried("slow others down", lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), 19))
tried("take much memory", lambda: bytearray(1 << 30))
tried("open many files", lambda: [open("/dev/null") for _ in range(100)])
tried("read the given file", lambda: Path(f"/dev/fd/{given}").read_bytes())
tried("write in the scratch folder", lambda: (scratch / "a").write_text("x"))
tried("start a thread", thread)
tried("write too much", lambda: (scratch / "b").write_bytes(bytes(2 << 20)))
print(json.dumps(told))
"""


@LINUX
def test_what_a_confined_child_cannot_do(tmp_path):
    secret, scratch, given = tmp_path / "secret_key", tmp_path / "scratch", tmp_path / "given.txt"
    secret.write_text("secret")
    given.write_text("given")
    scratch.mkdir()
    said = subprocess.run(
        [sys.executable, "-c", PRISONER, secret, scratch, given],
        cwd=REPOSITORY, env={"PATH": os.defpath, "PYTHONPATH": str(REPOSITORY)}, capture_output=True, check=False,
    )  # fmt: skip
    told = json.loads(said.stdout)
    refused = {name: how for name, how in told.items() if how in ("Permission denied", "Operation not permitted")}
    assert set(refused) == {
        *("read a secret", "read the data folder", "read passwords", "read the parent's memory"),
        *(
            "open a secret to others",
            "give a secret away",
            "empty a secret",
            "date a secret back",
            "mark a secret",
        ),
        *(
            "open the given file to others",
            "write elsewhere",
            "open a socket",
            "open a local socket",
            "start a program",
            "fork",
        ),
        *("signal the parent", "signal a thread of the parent", "share memory with others", "slow others down"),
    }, told
    assert told["take much memory"] == "MemoryError"
    assert told["open many files"] == "Too many open files"
    works = ("read the given file", "write in the scratch folder", "start a thread", "signal a thread of its own")
    assert {told[name] for name in works} == {"done"}
    assert told["write too much"] == "File too large"
    assert not (tmp_path / "more").exists()


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


@LINUX
def test_helper_holds_no_secret():
    """Its environment is made anew, so neither keys nor addresses with passwords are in it."""
    os.environ["SECRET_KEY_OF_A_TEST"] = "x"
    try:
        confined.probe(CLIP)
        environments = [(place / "environ").read_bytes() for place in helpers()]
        assert environments
        assert all(b"SECRET" not in one and b"DJANGO" not in one for one in environments)
    finally:
        del os.environ["SECRET_KEY_OF_A_TEST"]


def test_confined_readers_say_what_the_readers_say():
    assert confined.probe(CLIP) == media.probe(CLIP)
    assert (confined.still(CLIP, 2_000_000) == media.still(CLIP, 2_000_000)).all()
    words = b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello.\n"
    assert confined.transcript(words, "a.vtt") == read_bytes(words, "a.vtt")
    table = b"code,onset_us,offset_us\n12,0,1000000\n"
    assert confined.kind_of(table) == formats.kind_of(table)
    assert confined.coding(table, Options()) == formats.read(table, Options())
    with pytest.raises(MediaError, match="not a video"):
        confined.probe(REPOSITORY / "README.md")
    with pytest.raises(MediaError, match="cannot be opened"):
        confined.probe(REPOSITORY / "absent.mp4")
    with pytest.raises(AnalysisError, match="no kind that is read"):
        confined.transcript(b"x", "a.exe")


# --- bombs ---------------------------------------------------------------------------------------------------


def test_huge_picture_in_a_tiny_file(tmp_path):
    path = tmp_path / "bomb.mov"
    make_bomb(path)
    assert path.stat().st_size < 500_000
    with pytest.raises(MediaError, match="16000 × 16000 pixels, which is too large"):
        confined.probe(path)
    with pytest.raises(MediaError):
        confined.probe(path, Limits(memory=64 << 20, cpu_s=20, wall_s=200))


def test_pixels_as_wide_as_a_street():
    """A shape of pixels that makes a small stored picture hundreds of times as wide."""
    with pytest.raises(MediaError, match="64000 × 120 pixels, which is too large"):
        decode.square_width(av.VideoFrame(160, 120, "yuv420p"), Fraction(400))


def zipped(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()


def test_word_file_that_unpacks_to_much():
    bomb = zipped({"word/document.xml": bytes(100 << 20)})
    assert len(bomb) < 200_000
    with pytest.raises(AnalysisError, match="unpacks to over 64 MB"):
        confined.transcript(bomb, "a.docx")


def test_word_file_with_a_wild_name_writes_nothing(tmp_path):
    wild = zipped({"../../../tmp/facsweb-was-here": b"x", "[Content_Types].xml": b"<Types/>"})
    with pytest.raises(AnalysisError, match="Word document"):
        confined.transcript(wild, "a.docx")
    assert not Path("/tmp/facsweb-was-here").exists()  # noqa: S108


LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
DOCUMENT = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{}</w:body></w:document>'
OPC = {
    "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    b'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    b'<Override PartName="/word/document.xml" ContentType='
    b'"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
    "_rels/.rels": b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    b'<Relationship Id="rId1" Target="word/document.xml" Type='
    b'"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>',
}


def test_entities_that_grow_in_word_and_elan():
    paragraph = DOCUMENT.format("<w:p><w:r><w:t>{}</w:t></w:r></w:p>")
    plain_words = zipped(OPC | {"word/document.xml": paragraph.format("Hello there.").encode()})
    assert [unit.text for unit in confined.transcript(plain_words, "a.docx").units] == ["Hello there."]
    laughing = f"{LAUGHS}]>" + paragraph.format("&i;")
    with pytest.raises(AnalysisError):
        confined.transcript(zipped(OPC | {"word/document.xml": laughing.encode()}), "a.docx")
    with pytest.raises(ExchangeError, match="declares a document type"):
        confined.coding(EAF.format(f"{LAUGHS}]>", "&i;").encode(), Options())


def test_entity_that_names_a_file_reads_nothing(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("very secret words")
    declared = f'<!DOCTYPE d [<!ENTITY x SYSTEM "file://{secret}">]>'
    document = declared + DOCUMENT.format("<w:p><w:r><w:t>Seen: &x;</w:t></w:r></w:p>")
    try:
        units = confined.transcript(zipped(OPC | {"word/document.xml": document.encode()}), "a.docx").units
        said = " ".join(unit.text for unit in units)
    except AnalysisError as error:
        said = str(error)
    assert "secret words" not in said
    with pytest.raises(ExchangeError, match="declares a document type"):
        confined.coding(EAF.format(declared, "&x;").encode(), Options())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("nested.json", b'{"a":' * 100_000),
        ("nested.eaf", EAF.format("", "<A>" * 100_000).encode()),
        ("nothing.csv", b""),
        ("noughts", bytes(1000)),
    ],
)
def test_deep_and_empty_codings_are_refused_with_a_sentence(name, content):
    with pytest.raises(ExchangeError, match=r"\w+.*\."):
        confined.coding(content, Options())


def pdf(stream: bytes, filters: str, *, pages: str = "/Kids [3 0 R] /Count 1") -> bytes:
    """One page whose content is the stream; readers find the objects without a table."""
    return (
        b"%PDF-1.5\n1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n"
        b"2 0 obj <</Type /Pages " + pages.encode() + b">> endobj\n"
        b"3 0 obj <</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R>> endobj\n"
        b"4 0 obj <</Length " + str(len(stream)).encode() + b" /Filter " + filters.encode() + b">> stream\n"
        + stream + b"\nendstream endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"
    )  # fmt: skip


def test_pdf_whose_stream_grows():
    import zlib

    once = zlib.compress(bytes(1 << 30), 9)
    bomb = pdf(zlib.compress(once, 9), "[/FlateDecode /FlateDecode]")
    assert len(bomb) < 100_000
    with pytest.raises(AnalysisError):
        confined.transcript(bomb, "a.pdf", Limits(memory=400 << 20, cpu_s=20, wall_s=30))


def test_pdf_whose_pages_contain_themselves():
    with pytest.raises(AnalysisError):
        confined.transcript(pdf(b"", "/FlateDecode", pages="/Kids [2 0 R] /Count 1"), "a.pdf")


def test_drawn_picture_comes_back_as_its_pixels_alone():
    drawn = np.zeros((40, 60, 4), np.uint8)
    drawn[10:20, 10:50] = (0, 0, 0, 255)
    sent = cv2.imencode(".png", drawn)[1].tobytes() + b"<script>alert(1)</script>"
    made = confined.picture(sent, 1000)
    assert b"script" not in made
    assert (cv2.imdecode(np.frombuffer(made, np.uint8), cv2.IMREAD_UNCHANGED) == drawn).all()
    huge = cv2.imencode(".png", np.zeros((8000, 8000), np.uint8))[1].tobytes()
    assert len(huge) < 100_000
    for content, why in ((huge, "8000 × 8000"), (b"<svg/>", "no picture"), (b"", "no picture")):
        with pytest.raises(AnalysisError, match=why):
            confined.picture(content, 1000)
    with pytest.raises(AnalysisError):
        confined.picture(huge, 10_000, Limits(memory=30 << 20, cpu_s=20, wall_s=200))


# --- limits, and life after them -----------------------------------------------------------------------------


def test_time_ends_and_the_next_file_is_read():
    slow = pdf(b"", "/FlateDecode", pages="/Kids [" + "3 0 R " * 1999 + "] /Count 1999")
    with pytest.raises(AnalysisError, match="longer than 0 seconds"):
        confined.transcript(slow, "a.pdf", Limits(memory=400 << 20, cpu_s=20, wall_s=0))
    assert confined.probe(CLIP).duration_us == 10_000_000


def test_memory_ends_with_its_own_sentence():
    content = b"code,onset_us,offset_us\n" + b"12,0,1000000\n" * 150_000
    with pytest.raises(ExchangeError, match="more than 2 MB of memory"):
        confined.coding(content, Options(), Limits(memory=2 << 20, cpu_s=20, wall_s=200))
    assert confined.kind_of(b"code,onset_us,offset_us\n12,0,1\n") == "events"


def test_helper_that_was_killed_is_replaced():
    confined.probe(CLIP)
    for place in helpers():
        os.kill(int(place.name), signal.SIGKILL)
    told = []
    for _ in range(3):  # the first may still be handed to the one that is dying
        try:
            told.append(confined.probe(CLIP).duration_us)
        except MediaError as error:
            assert "stop at once" in str(error)  # noqa: PT017
    assert 10_000_000 in told


def test_many_at_once_all_get_their_own_answer():
    answers: dict[int, str] = {}

    def ask(number: int) -> None:
        answers[number] = confined.transcript(f"Number {number} speaks.".encode(), "a.txt").units[0].text

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: f"Number {number} speaks." for number in range(24)}


def test_no_scratch_folder_is_left():
    left = set(scratch_left())
    confined.coding(EAF.format("", "").encode(), Options())
    with pytest.raises(ExchangeError):
        confined.coding(b"<ANNOTATION_DOCUMENT", Options())
    confined.kind_of(b"code,onset_us,offset_us\n12,0,1\n")  # the helper has tidied up after the ones before
    assert set(scratch_left()) <= left


def test_open_files_do_not_grow():
    confined.probe(CLIP)
    before = open_files()
    for _ in range(20):
        confined.kind_of(b"code,onset_us,offset_us\n12,0,1\n")
    assert open_files() <= before + 1
