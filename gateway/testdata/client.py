"""An adapter of the national document axis, with the standard library alone: it
sends a message, fetches it at the other end, reports, and reads the report."""
import base64
import datetime
import hashlib
import json
import ssl
import sys
import time
import urllib.request


class Axis:
    """The calls of one agency at one address."""

    def __init__(self, conf, ca, offset):
        self.conf, self.offset = conf, offset
        self.tls = ssl.create_default_context(cafile=ca)

    def call(self, path, body=b"", method="POST", **headers):
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.offset, hours=7)
        request = urllib.request.Request(self.conf["url"] + path, data=body if method == "POST" else None, method=method)
        request.add_header("User-Agent", "JAVASDKAgent/1.0.0")
        request.add_header("systemid", self.conf["user"])
        request.add_header("secret", self.conf["secret"])
        request.add_header("timestamp", now.strftime("%d%m%YT%H%M%S") + "+%04d" % (now.microsecond // 1000))
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        with urllib.request.urlopen(request, context=self.tls, timeout=60) as answer:
            return json.load(answer)

    def good(self, *args, **kw):
        answer = self.call(*args, **kw)
        assert answer["ErrorCode"] == "0" and answer["status"] == "OK", answer
        return answer

    def send(self, kind, data, **kw):
        return self.call("/sendEdoc", data, **{"from": self.conf["code"], "servicetype": "eDoc", "messagetype": kind,
                         "hash_file": hashlib.sha256(data).hexdigest()}, **kw)

    def wait(self, kind):
        for _ in range(300):
            data = self.good("/getReceivedEdocList", servicetype="eDoc", messagetype=kind)["data"]
            if data:
                return data[0]
            time.sleep(0.1)
        raise AssertionError("nothing came")


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        conf = json.load(f)
    ward, district = (Axis(conf[n], conf["ca"], conf["offset"]) for n in ("ward", "district"))
    with open(conf["message"], "rb") as f:
        message = f.read()
    sent = ward.send("edoc", message)
    assert sent["ErrorCode"] == "0" and sent["DocId"], sent
    came = district.wait("edoc")
    assert base64.b64decode(district.good("/getEdoc", docId=came["docId"])["data"], validate=True) == message
    district.good("/updateStatus", json.dumps({"docId": came["docId"], "status": "done"}).encode())
    assert district.good("/countReceiveEdoc", method="GET")["count"] == 0
    report = ward.wait("status")
    text = base64.b64decode(ward.good("/getEdoc", docId=report["docId"])["data"])
    assert b"<edXML:StatusCode>01</edXML:StatusCode>" in text, text
    ward.good("/updateStatus", json.dumps({"docId": report["docId"], "status": "done"}).encode())
    rows = ward.good("/getSentEdocList", docId=sent["DocId"])["data"]
    assert [r["sendStatus"] for r in rows] == ["DONE"], rows
    wrong = Axis(dict(conf["ward"], secret="lienthong_x"), conf["ca"], conf["offset"])
    assert wrong.send("edoc", message)["ErrorCode"] == "15"
    try:
        Axis(conf["ward"], None, 0).call("/getAgenciesList")
    except OSError:  # the authority is not one that the machine trusts
        print("ok", sent["DocId"])
        return
    raise AssertionError("a certificate of an unknown authority was taken")


main()
