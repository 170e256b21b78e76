"""moto's own server with what it lacks: images and SSM parameters of AWS' are seeded, and calls of EC2 come one at a time
(moto answers an error now and then where they don't). Everything else is moto's. Usage: server.py SEED.json; prints its port
as a line of JSON and ends with its standard input."""

import datetime
import json
import os
import sys
import threading

with open(sys.argv[1], encoding="utf-8") as file:
    SEED = json.load(file)
# Read when moto is loaded.
os.environ["MOTO_AMIS_PATH"] = SEED["imagesFile"]

from moto.backends import get_backend  # noqa: E402
from moto.moto_server.werkzeug_app import (  # noqa: E402
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.ssm.models import Parameter  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

ACCOUNT = "123456789012"


def seed_parameters(region, parameters):
    """PutParameter refuses the paths of AWS itself."""
    backend = get_backend("ssm")[ACCOUNT][region]
    for name, value in parameters.items():
        backend._parameters[name].append(
            Parameter(
                account_id=ACCOUNT,
                name=name,
                value=value,
                parameter_type="String",
                description=None,
                allowed_pattern=None,
                keyid=None,
                last_modified_date=datetime.datetime.now(),
                version=1,
                data_type="text",
            )
        )


class OneAtATime:
    """Holds a lock around calls of EC2. Long polls of SQS and the like are not held up."""

    def __init__(self, app):
        self.app = app
        self.lock = threading.Lock()

    def __call__(self, environ, start_response):
        if "/ec2/aws4_request" not in environ.get("HTTP_AUTHORIZATION", ""):
            return self.app(environ, start_response)
        with self.lock:
            return [b"".join(self.app(environ, start_response))]


def main():
    seed_parameters(SEED["region"], SEED["parameters"])
    app = OneAtATime(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_port}), flush=True)
    sys.stdin.read()


main()
