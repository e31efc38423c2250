"""Addresses: parts, and identity without what signs them."""

from __future__ import annotations

import pytest

from to_labelbox.source.urls import url_identity, url_parts, url_path


def test_parts() -> None:
    parts = url_parts("https://H.org:8080/a%20b/c.jpg?x=1&Signature=2#f")
    assert parts is not None
    assert (parts.scheme, parts.host, parts.name, parts.path, parts.query) == (
        "https", "H.org:8080", "h.org", "a b/c.jpg", "x=1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://a]b/x/y.jpg?q", "x/y.jpg"),
        ("http://[::1", ""),
        ("http://[::1/a.jpg", "a.jpg"),
        ("s3://bucket/x%2Fy.jpg", "x/y.jpg"),
        ("x/y.jpg", "x/y.jpg"),
    ],
)
def test_a_path_is_found_whatever_the_host(url: str, path: str) -> None:
    assert url_path(url) == path


@pytest.mark.parametrize(
    ("url", "identity"),
    [
        ("https://h/a?Signature=x&Expires=1", "https://h/a"),
        ("https://h/a?b=1&X-Amz-Signature=x&c", "https://h/a?b=1&c"),
        ("https://h/a?sp=r", "https://h/a?sp=r"),
        ("https://h/a?sp=r&sig=1", "https://h/a"),
        ("https://h/a#b", "https://h/a"),
        ("https://h/a?", "https://h/a"),
    ],
)
def test_identity(url: str, identity: str) -> None:
    assert url_identity(url) == identity
