"""Every REST method that the portal knows, in one tuple. What is not here answers ERROR_METHOD_NOT_FOUND."""

from __future__ import annotations

from sandbox.rest import Method

METHODS: tuple[Method, ...] = ()
BY_NAME = {method.name.lower(): method for method in METHODS}
