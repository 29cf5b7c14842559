#!/usr/bin/env python3
"""Makes the drafts in this folder: letters whose number and date are still to come.

Needs Debian's libreoffice-writer-nogui and fonts-liberation. Run it in this folder. The layout is that
of Decree 30/2020/ND-CP; the agencies are real place names, people and facts are made up.
"""
import html, pathlib, subprocess, tempfile

HERE = pathlib.Path(__file__).resolve().parent
CSS = """
@page { size: 21cm 29.7cm; margin: 2cm 2cm 2cm 3cm }
body { font-family: 'Liberation Serif'; font-size: 13pt; line-height: 120% }
p { margin: 0 0 6pt 0; text-align: justify; text-indent: 1.27cm }
td p { text-indent: 0; text-align: center; margin: 0 }
.l p { text-align: left; font-size: 11pt }
"""
GAP = "\u00a0"  # no-break spaces keep a blank as wide as it was typed

def letter(agency, symbol, place_date, title, body):
    e = html.escape
    return f"""<html><head><meta charset='utf-8'><style>{CSS}</style></head><body>
<table width="100%" border="0" cellspacing="0" cellpadding="0"><tr valign="top">
<td width="42%"><p>UBND TỈNH THÁI NGUYÊN</p><p><b>{e(agency)}</b></p><p>———</p><p>{e(symbol)}</p></td>
<td width="58%"><p><b><font size="2">CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM</font></b></p><p><b>Độc lập - Tự do - Hạnh phúc</b></p>
<p>———————</p><p><i>{e(place_date)}</i></p></td></tr></table><p><br/></p><p align="center"><b>{e(title)}</b></p>
{"".join(f"<p>{e(x)}</p>" for x in body)}
<table width="100%" border="0"><tr valign="top"><td width="45%" class="l"><p><b><i>Nơi nhận:</i></b></p><p>- UBND tỉnh (b/c);</p><p>- Lưu: VT.</p></td>
<td width="55%"><p><b>TM. ỦY BAN NHÂN DÂN</b></p><p><b>CHỦ TỊCH</b></p><p><br/></p><p><br/></p><p><br/></p><p><br/></p><p><b>Đỗ Nghĩa Sĩ</b></p></td></tr></table>
</body></html>"""

BODY = ["Thực hiện kế hoạch cải cách hành chính, phường báo cáo kết quả tiếp nhận và giải quyết hồ sơ quý I như sau:",
        "1. Tổng số hồ sơ tiếp nhận: 1.361 hồ sơ; đã giải quyết đúng hạn 1.263 hồ sơ; quá hạn 8 hồ sơ.",
        "2. Chữ ký số và phần mềm quản lý văn bản được sử dụng ở 100% bộ phận chuyên môn."]

DRAFTS = {
    "01-blanks": letter("UBND PHƯỜNG BA HÀNG", f"Số:{GAP*12}/BC-UBND", f"Ba Hàng, ngày{GAP*7}tháng{GAP*7}năm 2026", "BÁO CÁO", BODY),
    "02-dots": letter("UBND XÃ VẠN PHÚ", "Số: ......../QĐ-UBND", "Vạn Phú, ngày ..… tháng ..… năm 2026", "QUYẾT ĐỊNH", BODY),
}

for name, text in DRAFTS.items():
    with tempfile.TemporaryDirectory() as t:
        source = pathlib.Path(t) / f"{name}.html"
        source.write_text(text, encoding="utf-8")
        subprocess.run(["soffice", "--headless", f"-env:UserInstallation=file://{t}/profile", "--convert-to", "pdf:writer_web_pdf_Export",
                        "--outdir", str(HERE), str(source)], check=True, stdout=subprocess.DEVNULL)
