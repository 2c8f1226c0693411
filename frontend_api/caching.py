"""ETags: an answer that never changes again may be kept for ever, any other is revalidated cheaply.

Both kinds carry a strong ETag over the exact bytes of the body, so `If-None-Match` answers 304 without a body.
"""

from __future__ import annotations

import hashlib

from fastapi import Request, Response
from pydantic import BaseModel

from node.exchange.http import etag_matches

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"


def answer(request: Request, document: BaseModel, *, immutable: bool = False) -> Response:
    """The document as JSON with its ETag, or 304 when the asker holds these bytes already."""
    body = document.model_dump_json().encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": IMMUTABLE if immutable else REVALIDATE}
    if etag_matches(request.headers.get("If-None-Match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
