"""The front door: the install page, the checks, the registration of all that we announce in a portal."""
