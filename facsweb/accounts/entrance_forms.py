"""Signing in, in our words."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm


class SignInForm(LoginForm):
    """django-allauth's, with a box that says what it does."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if box := self.fields.get("remember"):
            box.label = "Stay signed in when the browser is closed"
