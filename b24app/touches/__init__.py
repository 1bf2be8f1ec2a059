"""What to do next with a client: what to offer him, when to get in touch, with the reason to say aloud.

`suggestions`, `reasons` and `hours` decide and are pure; `suggest` reads the mirror, `plan` makes the to-do in the portal.
Says nothing when there is nothing honest to say.
"""
