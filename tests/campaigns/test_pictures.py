"""Pictures are known by their content, limited before they are unpacked, and written anew without anything hidden."""

import io
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from campaigns import pictures
from tests.campaigns.pictures_of import animation, photograph, picture


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_a_photograph_becomes_as_wide_as_mail_needs() -> None:
    made = pictures.make(photograph(3000, 2000, quality=98))
    assert (made.width, made.height, made.content_type) == (1280, 853, "image/jpeg")
    assert [opened(data).size for _, data in made.copies] == [(640, 426), (320, 213)]
    assert len(made.data) < 700_000  # of pure noise


def test_nothing_is_kept_but_pixels() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # held upright
    exif[0x010E] = "SECRET PLACE"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 0.0)
    made = pictures.make(photograph(400, 300, exif=exif.tobytes(), comment=b"SECRET COMMENT"))
    assert (made.width, made.height) == (300, 400)
    assert b"SECRET" not in made.data and b"Exif" not in made.data
    info = PngInfo()
    info.add_text("Author", "SECRET NAME")
    png = pictures.make(picture(80, 80, pnginfo=info))
    assert b"SECRET" not in png.data and opened(png.data).info == {}


def test_what_stands_behind_a_picture_does_not_come_along() -> None:
    for kind in ("PNG", "JPEG", "GIF"):
        made = pictures.make(picture(kind=kind) + b"<script>alert(1)</script>PK\x03\x04")
        assert b"script" not in made.data and b"PK\x03\x04" not in made.data


def test_kinds() -> None:
    clear = pictures.make(picture(colour=(10, 20, 30, 90)))
    assert clear.content_type == "image/png" and opened(clear.data).mode == "RGBA"
    assert pictures.make(picture(kind="WEBP", lossless=True)).content_type == "image/png"
    assert pictures.make(photograph(900, 700, kind="PNG")).content_type == "image/jpeg"  # smaller by far
    assert pictures.make(picture(900, 700)).content_type == "image/png"  # a drawing stays sharp
    cmyk = io.BytesIO()
    Image.new("CMYK", (50, 50), (0, 255, 255, 0)).save(cmyk, "JPEG")
    red, green, blue = opened(pictures.make(cmyk.getvalue()).data).getpixel((25, 25))
    assert red > 200 and green < 80 and blue < 80


def test_animations() -> None:
    made = pictures.make(animation(12))
    assert made.content_type == "image/gif" and opened(made.data).n_frames == 12
    assert opened(pictures.make(animation(5, 900, 300)).data).size == (640, 213)
    with pytest.raises(pictures.Unusable, match="more than 200 frames"):
        pictures.make(animation(201))


def test_an_animation_with_a_million_pictures_is_not_counted() -> None:
    data = animation(3, 8, 8)
    at = data.index(b"\x21\xf9", 20)  # the first picture's own block, again and again
    frame = data[at : data.index(b"\x21\xf9", at + 2)]
    endless = data[:at] + frame * (10_000_000 // len(frame)) + b";"
    began = time.process_time()
    with pytest.raises(pictures.Unusable, match="more than 200 frames"):
        pictures.make(endless)
    assert time.process_time() - began < 2


def test_what_a_telephone_writes_is_a_photograph() -> None:
    out = io.BytesIO()
    first, second = (Image.open(io.BytesIO(photograph(1600, 1200))) for _ in range(2))
    first.save(out, "MPO", save_all=True, append_images=[second])
    assert opened(out.getvalue()).format == "MPO"
    made = pictures.make(out.getvalue())
    assert made.content_type == "image/jpeg" and made.width == 1280


def test_a_photograph_of_a_hundred_million_dots_takes_little_room(tmp_path: Path) -> None:
    file = tmp_path / "huge.jpg"
    Image.new("L", (10_000, 10_000), 128).save(file, "JPEG", quality=30)
    code = (
        "import pathlib, re, sys; from campaigns import pictures;"
        "made = pictures.make(pathlib.Path(sys.argv[1]).read_bytes());"
        "print(made.width, re.search(r'VmHWM:\\s+(\\d+)', pathlib.Path('/proc/self/status').read_text())[1])"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    width, kilobytes = map(int, ran.stdout.split())
    assert width == 1280 and kilobytes < 150_000
    out = io.BytesIO()
    Image.new("L", (6_000, 5_000)).save(out, "JPEG", progressive=True)
    with pytest.raises(pictures.Unusable, match="25 million"):
        pictures.make(out.getvalue())


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred octets that says to be enormous."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"x" * (pictures.MAX_BYTES + 1), "larger than 20 MB"),
        (bomb(60_000, 60_000), "far more pixels"),
        (bomb(9_000, 9_000), "9000 x 9000 pixels"),
        (bomb(2**31 - 1, 2**31 - 1), "far more pixels|damaged"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "This is an SVG"),
        (b"<!doctype html><script>alert(1)</script>", "web page"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\0\0\0\x18ftypheic....", "HEIC"),
        (b"PK\x03\x04....", "ZIP"),
        (b"MZ\x90\0", "not a picture"),
        (picture()[:60], "damaged"),
        (photograph(800, 600)[:4000], "damaged"),
        (b"BM" + b"\0" * 200, "not a picture"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_do(data: bytes, words: str) -> None:
    with pytest.raises(pictures.Unusable, match=words):
        pictures.make(data)


WHOLE = [picture(), picture(kind="JPEG"), picture(kind="GIF"), picture(kind="WEBP"), animation(3)]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(WHOLE), st.integers(0, 4000), st.binary(max_size=12), st.booleans())
def test_damage_never_does_more_than_refuse(whole: bytes, at: int, noise: bytes, cut: bool) -> None:
    at %= len(whole)
    data = whole[:at] + noise + (b"" if cut else whole[at + len(noise) :])
    try:
        made = pictures.make(data)
    except pictures.Unusable:
        return
    assert opened(made.data).size == (made.width, made.height)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_octets_that_mean_nothing_are_refused(data: bytes) -> None:
    with pytest.raises(pictures.Unusable):
        pictures.make(data)
