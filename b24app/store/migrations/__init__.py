"""Every file's tables, one module a file. Append-only: a migration that was released is never edited.

A room that adds tables to a portal's file has a module of its own, named here, so that nobody opens the file without it.
"""

from b24app.store.migrations import calls as calls
from b24app.store.migrations import clients as clients
from b24app.store.migrations import offers as offers
from b24app.store.migrations import privacy as privacy
from b24app.store.migrations import products as products
from b24app.store.migrations import segments as segments
