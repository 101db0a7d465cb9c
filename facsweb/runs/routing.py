"""WebSocket addresses."""

from django.urls import path

from facsweb.runs.consumers import RunConsumer

websocket_urlpatterns = [path("ws/runs/<uuid:pk>/", RunConsumer.as_asgi())]
