"""Serving the app over HTTP with uvicorn, on this machine unless told otherwise."""

import uvicorn
from starlette.types import ASGIApp


def serve(app: ASGIApp, host: str = "127.0.0.1", port: int = 8080) -> None:
    """Serve until interrupted; requests under way are finished first.

    The access log is off: its lines hold people's identifiers.
    """
    uvicorn.run(app, host=host, port=port, access_log=False, server_header=False, lifespan="off")
