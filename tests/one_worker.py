"""One worker of a server, on a listening socket that it inherits: ``python tests/one_worker.py FILE_DESCRIPTOR``."""

import socket
import sys

import uvicorn

from reference_api.serve import app_from_environment

if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as bound:
        config = uvicorn.Config(app_from_environment(), lifespan="on", access_log=False, log_config=None)
        uvicorn.Server(config).run([bound])
