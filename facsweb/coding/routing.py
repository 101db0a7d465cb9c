from django.urls import path

from facsweb.coding.consumers import LayerConsumer

websocket_urlpatterns = [path("ws/layers/<uuid:pk>/", LayerConsumer.as_asgi())]
