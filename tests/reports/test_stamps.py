"""Time stamps of a real RFC 3161 responder on this machine, and validation with what the file carries."""

import datetime as dt
import io
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from asn1crypto import tsp
from asn1crypto import x509 as asn1_x509
from asn1crypto.keys import PrivateKeyInfo
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import timestamps
from pyhanko_certvalidator.registry import SimpleCertificateStore

from facsweb.reports import document, signing
from facsweb.reports.models import Report
from facsweb.reports.tasks import render_report
from facsweb.reports.verification import verify_pdf

pytestmark = pytest.mark.django_db


def _certificate(subject, issuer, key, signed_with, *, ca):
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]),
        key.public_key(),
        x509.random_serial_number(),
        now - dt.timedelta(days=1),
        now + dt.timedelta(days=9),
    ).add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if not ca:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        made = made.add_extension(usage, critical=True)
    return made.sign(signed_with, hashes.SHA256())


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A time stamp authority on a port of this machine: its address, and the file with its root."""
    root_key, key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    root = _certificate("Stamp root", "Stamp root", root_key, root_key, ca=True)
    leaf = _certificate("Time stamps", "Stamp root", key, root_key, ca=False)
    loaded = [asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in (leaf, root)]
    plain = serialization.NoEncryption()
    secret = PrivateKeyInfo.load(key.private_bytes(Encoding.DER, serialization.PrivateFormat.PKCS8, plain))
    stamper = timestamps.DummyTimeStamper(loaded[0], secret, SimpleCertificateStore.from_certs(loaded[1:]))

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
            body = stamper.request_tsa_response(asked).dump()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = tmp_path_factory.mktemp("stamps") / "root.pem"
    path.write_bytes(root.public_bytes(Encoding.PEM))
    yield f"http://127.0.0.1:{server.server_port}/", path
    server.shutdown()


def unsigned(sign_off):
    return document.typeset(sign_off.content, sign_off.content_sha256)


def test_a_stamp_of_an_unknown_service_is_pades_b_t(sign_off, service, monkeypatch):
    monkeypatch.setenv("FACSWEB_TSA_URL", service[0])
    pdf, _ = signing.seal(unsigned(sign_off), name="Coder Person", reason="x")
    assert signing.level(signing.own()) == "B-T with validation data"
    signature = PdfFileReader(io.BytesIO(pdf)).embedded_signatures[0]
    found = verify_pdf(pdf)
    assert any("A time stamp says" in sentence for sentence in found.sentences)
    assert found.signatures[0].intact
    assert b"\0" * 4000 in bytes(signature.pkcs7_content)  # ample room is left for a longer token


def test_a_stamp_with_a_known_root_is_pades_b_lta(sign_off, service, monkeypatch):
    monkeypatch.setenv("FACSWEB_TSA_URL", service[0])
    monkeypatch.setenv("FACSWEB_TSA_ROOTS", str(service[1]))
    assert signing.level(signing.own()) == "B-LTA"
    render_report(str(sign_off.report.pk))
    report = Report.objects.get(pk=sign_off.report.pk)
    assert report.state == "ready", report.error
    pdf = report.pdf.read()
    reader = PdfFileReader(io.BytesIO(pdf))
    assert len(reader.embedded_timestamp_signatures) == 1  # over everything, at the very end
    found = verify_pdf(pdf)
    assert (found.verdict, found.headline) == ("good", "Genuine and unchanged.")
    (one,) = found.signatures
    assert one.ltv.startswith("Yes")
    assert one.bottom_line
    assert "only time stamps and certificates" in one.changes
    for place in (100, int(one.end) + 50, len(pdf) - 10):  # before, between and in the document time stamp
        changed = bytearray(pdf)
        changed[place] ^= 1
        assert verify_pdf(bytes(changed)).verdict == "bad"


def test_a_service_that_is_away_is_told_and_nothing_is_half_signed(sign_off, monkeypatch):
    monkeypatch.setenv("FACSWEB_TSA_URL", "http://127.0.0.1:1/")
    render_report(str(sign_off.report.pk))
    report = Report.objects.get(pk=sign_off.report.pk)
    assert (report.state, bool(report.pdf)) == ("failed", False)
    assert "The time-stamping service gave no stamp" in report.error
    assert "Your sign-off is safe" in report.error
