"""`manage.py check` (and every start): where pictures are kept must be reachable by what is installed."""

from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def media_storage(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """MEDIA_BUCKET speaks S3, which needs a library that most installations do without."""
    if settings.MEDIA_BUCKET and find_spec("boto3") is None:
        return [
            Error(
                "MEDIA_BUCKET is set, and boto3 is not installed: pictures cannot be kept there.",
                hint="pip install boto3, or leave MEDIA_BUCKET empty: then pictures lie in VAR_DIR/media.",
                id="campaigns.E001",
            )
        ]
    return []
