"""What genhub promises, measured: each module is one benchmark, `python -m benchmarks.NAME`, `make bench-NAME`."""
