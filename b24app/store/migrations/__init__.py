"""Every file's tables, one module a file. Append-only: a migration that was released is never edited."""
