"""Every page of a participant's link: the secret in the address is the key, whoever is signed in."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from facsweb.studies import access
from tests.test_access_matrix import EVERYBODY, ask, url_of, world  # noqa: F401  (two of them fixtures)


@pytest.mark.parametrize("page", sorted(access.BY_LINK))
def test_the_secret_is_the_key_and_every_other_one_finds_nothing(page, world, ask):  # noqa: F811
    url, example = url_of(page, world)
    secret = url.split("/c/")[1].split("/")[0]
    wrong = url.replace(secret, "A" * len(secret))
    for who in ("nobody", *EVERYBODY):
        right = {ask(who, method, url, example) for method in ("get", "post")}
        assert right <= {200, 302, 405, 422, 409}, (who, right)
        assert right & {200, 302}, (who, right)
        cache.clear()  # guessing is slowed down, which is another test's
        assert {ask(who, method, wrong, example) for method in ("get", "post")} <= {404, 405}, who
