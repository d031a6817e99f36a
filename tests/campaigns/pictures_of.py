"""Pictures for tests, as people upload them."""

import io
from typing import Any

from PIL import Image


def picture(width: int = 60, height: int = 40, kind: str = "PNG", colour: Any = (200, 80, 60), **options: Any) -> bytes:
    """A plain picture of one colour."""
    out = io.BytesIO()
    mode = "RGBA" if len(colour) == 4 else "RGB"
    Image.new(mode, (width, height), colour).save(out, kind, **options)
    return out.getvalue()


def photograph(width: int, height: int, kind: str = "JPEG", **options: Any) -> bytes:
    """Many colours, as from a camera."""
    out = io.BytesIO()
    noise = Image.effect_noise((width // 4, height // 4), 90).resize((width, height))
    Image.merge("RGB", (noise, noise.rotate(90).resize((width, height)), noise.rotate(180))).save(out, kind, **options)
    return out.getvalue()


def animation(frames: int, width: int = 40, height: int = 30) -> bytes:
    out = io.BytesIO()
    made = [Image.new("RGB", (width, height), (n * 37 % 256, n * 11 % 256, n * 73 % 256)) for n in range(frames)]
    made[0].save(out, "GIF", save_all=True, append_images=made[1:], duration=80, loop=0)
    return out.getvalue()
