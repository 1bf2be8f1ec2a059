"""The race of benchmarks/sync.py: portals to read (portals.py), who reads them (contenders.py), ours (ours.py). Thinks of no goals."""
