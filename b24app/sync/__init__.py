"""The mirror: what we keep of a portal (ENTITIES), the first sync, changes pulled by id, the sweep under them.

Asks the portal through `bitrix`, writes through `store`; knows neither clients nor segments, it only says whom a change concerns.
"""
