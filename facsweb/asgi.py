"""HTTP and WebSocket entry point."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facsweb.settings")
http = get_asgi_application()

from facsweb.audit.origin import SocketOrigin  # noqa: E402
from facsweb.body_limit import BodyLimit, UploadsAtOnce  # noqa: E402
from facsweb.coding.routing import websocket_urlpatterns as layer_patterns  # noqa: E402
from facsweb.live.routing import websocket_urlpatterns as live_patterns  # noqa: E402
from facsweb.operation.figures import Sockets  # noqa: E402
from facsweb.runs.routing import websocket_urlpatterns as run_patterns  # noqa: E402  (needs the app registry)
from facsweb.static_files import StaticFiles  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": StaticFiles(UploadsAtOnce(BodyLimit(http), settings.UPLOADS_AT_ONCE)),
        "websocket": Sockets(
            AllowedHostsOriginValidator(
                AuthMiddlewareStack(SocketOrigin(URLRouter([*run_patterns, *layer_patterns, *live_patterns])))
            )
        ),
    }
)
