"""Personal data (152-FZ): consents, all that is held of one person, its erasure, how long journals are kept."""
