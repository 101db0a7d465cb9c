"""What every answer tells the browser besides the Content-Security-Policy and what Django's middleware says."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

#: Everything a page could ask a device for is off, but what a page of ours needs: playing, the large player,
#: copying of a link, and passkeys.
OURS: Final = (
    "autoplay",
    "fullscreen",
    "clipboard-write",
    "publickey-credentials-get",
    "publickey-credentials-create",
)
NOBODY: Final = (
    *("accelerometer", "camera", "clipboard-read", "display-capture", "encrypted-media"),
    *("geolocation", "gyroscope", "hid", "idle-detection", "keyboard-map", "local-fonts", "magnetometer"),
    *("microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock", "serial", "storage-access"),
    *("usb", "xr-spatial-tracking"),
)
#: Page → what it may ask for beside that.
DEVICES: Final = {"live:page": frozenset({"camera", "microphone", "screen-wake-lock"})}


def permissions(page: str = "") -> str:
    """The header's value for a page, by the name of its address."""
    more = DEVICES.get(page, frozenset())
    off = [f"{name}={'(self)' if name in more else '()'}" for name in NOBODY]
    return ", ".join([*(f"{name}=(self)" for name in OURS), *off])


PERMISSIONS: Final = permissions()

#: What pages may do beside what the policy allows all of them, where Plotly draws.
PLOTS: Final = {"style-src": ["'unsafe-inline'"], "img-src": ["data:", "blob:"]}

#: For answers of Django and for static files alike. Nothing of ours is meant for another site's pages, and nothing
#: of another site is on ours, so both doors are closed.
EVERYWHERE: Final = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": PERMISSIONS,
}


class Headers(MiddlewareMixin):
    """Middleware: the headers above, and ``no-store`` on what is made for a person who is signed in.

    A page that is kept could be looked at with the back button after signing out, on a computer that several
    share. Answers that say themselves how they may be kept, such as ranges of a video, are left as they are.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        match = getattr(request, "resolver_match", None)  # absent where an earlier middleware answered
        if match is not None and match.view_name in DEVICES:
            response.headers["Permissions-Policy"] = permissions(match.view_name)
        for name, value in EVERYWHERE.items():
            response.headers.setdefault(name, value)
        if "Cache-Control" not in response.headers and _is_personal(request):
            response.headers["Cache-Control"] = "private, no-store"
        return response


def _is_personal(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)  # absent where an earlier middleware answered
    return user is None or bool(user.is_authenticated)
