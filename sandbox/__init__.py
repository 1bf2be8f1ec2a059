"""A Bitrix24 portal that lives on this machine, for demos and tests.

It keeps what is written to it, enforces limits and rights, and never imports the application. Where the vendor's
documentation is silent, the choice we made is a numbered line of ASSUMPTIONS.md and the code refers to its number.
"""
