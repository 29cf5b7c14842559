"""A client in another language, made from the .proto files alone.

It uploads a letter, has it signed by the leader and sealed by the clerk, sends it
to the district, and takes it out there. Usage: client.py CONFIG.json, where the
configuration names the .proto folder, the file, the authority, and who asks which
node with which certificate.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path


def generate(protos: Path, into: Path) -> None:
    """Makes the stubs, as any client of the API would."""
    files = sorted(str(p) for p in protos.glob("lienthong/v1/*.proto"))
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", f"-I{protos}", f"--python_out={into}", f"--grpc_python_out={into}", *files],
        check=True,
    )
    sys.path.insert(0, str(into))


def connect(config: dict, who: str):
    import grpc

    user = config["users"][who]
    pem = Path(user["certificate"]).read_bytes()
    credentials = grpc.ssl_channel_credentials(Path(config["ca"]).read_bytes(), private_key=pem, certificate_chain=pem)
    channel = grpc.secure_channel(user["node"], credentials)
    grpc.channel_ready_future(channel).result(timeout=20)
    return channel


def upload(channel, agency: str, data: bytes):
    from lienthong.v1 import file_pb2, file_pb2_grpc

    files = file_pb2_grpc.FileServiceStub(channel)
    started = files.StartUpload(file_pb2.StartUploadRequest(agency=agency, name="thư.pdf", media_type="application/pdf", size=len(data)))

    def pieces():
        step, name = 10_000, started.upload
        for at in range(0, len(data), step):
            yield file_pb2.UploadFileRequest(upload=name, offset=at, data=data[at : at + step])
            name = ""
        end = file_pb2.UploadEnd(size=len(data), sha256=hashlib.sha256(data).digest())
        yield file_pb2.UploadFileRequest(end=end)

    return files.UploadFile(pieces()).file


def download(channel, agency: str, digest: bytes) -> bytes:
    from lienthong.v1 import file_pb2, file_pb2_grpc

    files = file_pb2_grpc.FileServiceStub(channel)
    pieces = files.DownloadFile(file_pb2.DownloadFileRequest(agency=agency, sha256=digest))
    data = b"".join(p.data for p in pieces)
    assert hashlib.sha256(data).digest() == digest, "the bytes that came have another digest"
    return data


def sign(channel, agency: str, digest: bytes, key: str):
    from lienthong.v1 import signing_pb2, signing_pb2_grpc

    signing = signing_pb2_grpc.SigningServiceStub(channel)
    keys = [k.id for k in signing.ListKeys(signing_pb2.ListKeysRequest(agency=agency)).keys]
    assert key in keys, f"the node lists the keys {keys}, want {key}"
    answer = signing.SignFile(
        signing_pb2.SignFileRequest(
            agency=agency, sha256=digest, key=key, level=signing_pb2.SIGNATURE_LEVEL_B_T, reason="Ký bằng Python: ĩ ( ) \\"
        )
    )
    assert answer.level == signing_pb2.SIGNATURE_LEVEL_B_T
    return answer.file


def send(channel, agency: str, to: str, digest: bytes):
    from lienthong.v1 import document_pb2, document_pb2_grpc, envelope_pb2

    documents = document_pb2_grpc.DocumentServiceStub(channel)
    request = document_pb2.SendDocumentRequest(
        agency=agency,
        metadata=envelope_pb2.DocumentMetadata(number="77", symbol="CV-UBND", subject="Gửi từ Python", issued_date="2025-03-14"),
        files=[document_pb2.OutgoingFile(role=envelope_pb2.FILE_ROLE_MAIN, name="thư.pdf", media_type="application/pdf", sha256=digest)],
        recipients=[document_pb2.OutgoingRecipient(agency=to)],
        request_id="python-77",
    )
    first = documents.SendDocument(request).document
    again = documents.SendDocument(request).document
    assert first.name == again.name, "the same request id and content was sent twice"
    return first


def receive(channel, agency: str):
    """Watches the inbox until the letter is there and judged."""
    from lienthong.v1 import delivery_pb2, delivery_pb2_grpc

    deliveries = delivery_pb2_grpc.DeliveryServiceStub(channel)
    for change in deliveries.WatchDeliveries(delivery_pb2.WatchDeliveriesRequest(agency=agency), timeout=30):
        if change.delivery.document.metadata.number == "77" and change.delivery.verdict:
            return change.delivery
    raise SystemExit("the letter did not come")


def refused(channel, agency: str) -> None:
    """An agency that is not the caller's own is denied."""
    import grpc
    from lienthong.v1 import delivery_pb2, delivery_pb2_grpc

    try:
        delivery_pb2_grpc.DeliveryServiceStub(channel).ListDeliveries(delivery_pb2.ListDeliveriesRequest(agency=agency))
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.PERMISSION_DENIED, error
        return
    raise SystemExit("the inbox of another agency was shown")


def main() -> None:
    config = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as stubs:
        generate(Path(config["protos"]), Path(stubs))
        leader, clerk, district = (connect(config, who) for who in ("leader", "clerk", "district"))
        ward_agency, district_agency = config["agency"], config["to"]
        refused(clerk, district_agency)
        data = Path(config["file"]).read_bytes()
        draft = upload(leader, ward_agency, data)
        signed = sign(leader, ward_agency, draft.sha256, "chu-tich")
        sealed = sign(clerk, ward_agency, signed.sha256, "con-dau")
        document = send(clerk, ward_agency, district_agency, sealed.sha256)
        delivery = receive(district, district_agency)
        assert delivery.verdict == "valid", f"verdict {delivery.verdict}"
        assert delivery.document.envelope_digest == document.envelope_digest
        got = download(district, district_agency, sealed.sha256)
        assert got.startswith(data), "the signed letter does not begin with the draft's bytes"
        Path(config["out"]).write_bytes(got)
        print(json.dumps({"document": document.name, "delivery": delivery.name, "bytes": len(got)}))


if __name__ == "__main__":
    main()
