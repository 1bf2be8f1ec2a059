"""What Bitrix24 tells us: events. Reads, proves, saves, answers; never works on what it was told."""
