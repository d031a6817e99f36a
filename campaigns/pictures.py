"""Make a picture fit for mail: known by what it is, without metadata, small enough to load on a train.

Policy: what comes in is foreign. Only JPEG, PNG, GIF and WebP are opened, by their content and never by their name; how
large it will become is known before anything is unpacked; and what goes out was written by us, every octet.
"""

import hashlib
import io
import math
import re
import threading
import warnings
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageCms, ImageFile, ImageOps, ImageSequence, UnidentifiedImageError

MAX_BYTES: Final = 20 * 1024 * 1024
MAX_PIXELS: Final = 25_000_000
MAX_JPEG_PIXELS: Final = 100_000_000  # unpacked at a fraction of its size
MAX_FRAMES: Final = 200
MAX_FRAME_PIXELS: Final = 60_000_000  # of all frames together
MAX_GIF_BYTES: Final = 2 * 1024 * 1024
WIDEST: Final = 1280  # twice the 640 px that a mail is wide
TALLEST: Final = 4000
WIDTHS: Final = (640, 320)  # smaller copies: for a mail's whole width, for lists
MUST_SHRINK: Final = 0.8  # an opaque PNG becomes a JPEG when that is smaller by this much

_FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
_SUFFIX = {"JPEG": "jpg", "PNG": "png", "GIF": "gif"}
_SHRINKABLE = frozenset({"L", "RGB", "RGBA", "CMYK"})
_ONE_AT_A_TIME = threading.Lock()  # the largest takes a few hundred megabytes for a second
_SVG = re.compile(rb"<svg[\s>]", re.IGNORECASE)


class Unusable(ValueError):
    """The file cannot become a picture in mail; str() says why and what to do."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as mail fetches it. `sha256` is of `data`; `copies`: (width, data), narrower ones of the same kind."""

    data: bytes
    content_type: str
    suffix: str
    width: int
    height: int
    copies: tuple[tuple[int, bytes], ...]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def make(data: bytes) -> Picture:
    """The picture of a file's content. Raises Unusable."""
    if not data:
        raise Unusable("The file is empty.")
    if len(data) > MAX_BYTES:
        raise Unusable(f"The file is larger than {MAX_BYTES // 1024 // 1024} MB. Make the picture smaller.")
    try:
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the limits are ours
            opened = Image.open(io.BytesIO(data), formats=_FORMATS)
            _measure(opened)
            if opened.format == "GIF" and _frames(opened) > 1:
                return _animation(opened)
            return _still(opened)
    except UnidentifiedImageError as error:
        raise Unusable(_what_it_is(data)) from error
    except Image.DecompressionBombError as error:
        raise Unusable("The picture has far more pixels than any mail needs. Make it smaller.") from error
    except Unusable:
        raise
    except MemoryError as error:
        raise Unusable("The picture is too large to open. Make it smaller.") from error
    except Exception as error:  # of all that a damaged file can cause in a decoder
        raise Unusable("The file is damaged or not complete. Save the picture again and upload that.") from error


def _is_photograph(opened: ImageFile.ImageFile) -> bool:
    """A JPEG; what telephones write may have further pictures behind the first (CIPA DC-007)."""
    return opened.format in ("JPEG", "MPO")


def _measure(opened: ImageFile.ImageFile) -> None:
    width, height = opened.size
    # Of a progressive one the decoder keeps the whole, however little of it is wanted.
    limit = MAX_JPEG_PIXELS if _is_photograph(opened) and not opened.info.get("progressive") else MAX_PIXELS
    if width * height > limit:
        raise Unusable(
            f"The picture is {width} x {height} pixels; up to {limit // 1_000_000} million are taken. "
            f"Mail needs no more than {WIDEST} px of width: make it smaller."
        )


def _still(opened: ImageFile.ImageFile) -> Picture:
    if _is_photograph(opened):
        # The decoder leaves out what is not needed; half as much again as will be kept is needed to shrink it well.
        scale = 1.5 * min(WIDEST / min(opened.size), TALLEST / max(opened.size))
        opened.draft("RGB", (math.ceil(opened.width * scale), math.ceil(opened.height * scale)))
    picture = _upright_srgb(opened)
    opaque = "A" not in picture.getbands() or picture.getchannel("A").getextrema()[0] == 255
    if opaque:
        picture = picture.convert("RGB")
    kind = "JPEG" if _is_photograph(opened) else "PNG"
    data = _written(picture, kind)
    if kind == "PNG" and opaque:
        as_jpeg = _written(picture, "JPEG")
        if len(as_jpeg) < len(data) * MUST_SHRINK and picture.getcolors(4096) is None:  # a photograph, no drawing
            kind, data = "JPEG", as_jpeg
    copies = tuple((width, _written(_narrower(picture, width), kind)) for width in WIDTHS if width < picture.width)
    return Picture(data, f"image/{kind.lower()}", _SUFFIX[kind], picture.width, picture.height, copies)


def _upright_srgb(opened: ImageFile.ImageFile) -> Image.Image:
    """Turned as the camera was held, as large as mail needs, in the colours that screens have, without anything but pixels.

    Shrunk before all else: each step more on the whole picture is a copy of a hundred megabytes.
    """
    profile = opened.info.get("icc_profile")
    ImageOps.exif_transpose(opened, in_place=True)
    picture: Image.Image = opened
    if picture.mode not in _SHRINKABLE:
        picture = _plain(picture)
    picture.thumbnail((WIDEST, TALLEST), Image.Resampling.LANCZOS, reducing_gap=3.0)
    if profile and picture.mode in ("RGB", "RGBA", "CMYK", "L"):
        try:
            target = "RGBA" if picture.mode == "RGBA" else "RGB"
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            turned = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode=target)
            picture = turned or picture
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a profile that cannot be read is none
    clean = _plain(picture)
    clean.info = {}
    return clean


def _plain(picture: Image.Image) -> Image.Image:
    has_alpha = "A" in picture.getbands() or "transparency" in picture.info
    return picture.convert("RGBA" if has_alpha else "RGB")


def _narrower(picture: Image.Image, width: int) -> Image.Image:
    height = max(1, round(picture.height * width / picture.width))
    return picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _written(picture: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    if kind == "JPEG":
        picture.convert("RGB").save(out, "JPEG", quality=82, optimize=True, progressive=True)
    else:
        _with_palette(picture).save(out, "PNG", optimize=True)
    return out.getvalue()


def _with_palette(picture: Image.Image) -> Image.Image:
    """A drawing of few colours needs an octet a dot and not three; only where nothing is lost by it."""
    if picture.mode != "RGB" or picture.getcolors(256) is None:
        return picture
    few = picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=256)
    return few if few.convert("RGB").tobytes() == picture.tobytes() else picture


def _frames(opened: ImageFile.ImageFile) -> int:
    """How many pictures a GIF has: counted no further than they are taken, because a file may have millions."""
    width, height = opened.size
    most = min(MAX_FRAMES, MAX_FRAME_PIXELS // (width * height))
    for count in range(1, most + 1):
        try:
            opened.seek(count)
        except EOFError:
            opened.seek(0)
            return count
    raise Unusable(
        f"The animation has more than {most} frames of {width} x {height} px. Mail programs choke on that: "
        f"keep it under {MAX_FRAMES} frames and 600 px of width."
    )


def _animation(opened: ImageFile.ImageFile) -> Picture:
    """An animated GIF, drawn anew frame by frame. Outlook for Windows shows the first one only."""
    frames, durations = [], []
    for frame in ImageSequence.Iterator(opened):
        durations.append(max(20, int(frame.info.get("duration", 100))))
        drawn = frame.convert("RGBA")
        drawn.thumbnail((640, TALLEST), Image.Resampling.LANCZOS)
        drawn.info = {}
        frames.append(drawn)
    out = io.BytesIO()
    frames[0].save(
        out,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        loop=opened.info.get("loop", 1),
        disposal=2,
    )
    data = out.getvalue()
    if len(data) > MAX_GIF_BYTES:
        raise Unusable(
            f"The animation is {len(data) // 1024} kB. People on phones would wait: keep it under "
            f"{MAX_GIF_BYTES // 1024 // 1024} MB, with fewer frames or less width."
        )
    still = _narrower(frames[0].convert("RGB"), 320) if frames[0].width > 320 else None
    copies = () if still is None else ((320, _gif(still)),)
    return Picture(data, "image/gif", "gif", frames[0].width, frames[0].height, copies)


def _gif(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "GIF")
    return out.getvalue()


def _what_it_is(data: bytes) -> str:
    start = data[:4096]
    if _SVG.search(start):
        return "This is an SVG. Most mail programs show none: save it as a PNG, 1200 px wide, and upload that."
    if start.startswith(b"%PDF"):
        return "This is a PDF, not a picture. Save the page as a PNG or JPEG."
    if start[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypavif"):
        return "This is a HEIC or AVIF picture, which mail programs do not show. Save it as a JPEG."
    if start.startswith(b"PK\x03\x04"):
        return "This is a ZIP file. Unpack it and upload the pictures."
    if re.search(rb"<(?:!doctype|html|script|body)\b", start, re.IGNORECASE):
        return "This is a web page, not a picture, whatever it is called."
    return "This is not a picture that mail programs show. Use a JPEG, PNG or GIF."
