"""HTTP and WebSocket entry point."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facsweb.settings")
django.setup(set_prefix=False)

from channels.auth import AuthMiddlewareStack  # noqa: E402  (all of these need the app registry)
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.conf import settings  # noqa: E402

from facsweb.audit.origin import SocketOrigin  # noqa: E402
from facsweb.body_limit import BodyLimit, UploadsAtOnce  # noqa: E402
from facsweb.coding.routing import websocket_urlpatterns as layer_patterns  # noqa: E402
from facsweb.handler import Handler  # noqa: E402
from facsweb.live.routing import websocket_urlpatterns as live_patterns  # noqa: E402
from facsweb.operation.figures import Sockets  # noqa: E402
from facsweb.runs.routing import websocket_urlpatterns as run_patterns  # noqa: E402
from facsweb.static_files import StaticFiles  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": StaticFiles(UploadsAtOnce(BodyLimit(Handler()), settings.UPLOADS_AT_ONCE)),
        "websocket": Sockets(
            AllowedHostsOriginValidator(
                AuthMiddlewareStack(SocketOrigin(URLRouter([*run_patterns, *layer_patterns, *live_patterns])))
            )
        ),
    }
)
