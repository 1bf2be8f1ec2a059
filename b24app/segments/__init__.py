"""Segments: rules over clients, who is in and why.

`compile`, `dates`, `rules`, `criteria` and `words` decide and are pure; `membership` writes (the worker),
`reading` and `explain` answer pages and read through the viewer. Knows nothing of the wire or of other rooms:
what facts exist it learns from the table `fact`.
"""
