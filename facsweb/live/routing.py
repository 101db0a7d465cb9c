"""WebSocket addresses."""

from django.urls import path

from facsweb.live.consumers import LiveConsumer

websocket_urlpatterns = [path("ws/live/<uuid:pk>/", LiveConsumer.as_asgi())]
