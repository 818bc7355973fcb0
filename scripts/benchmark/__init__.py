"""What scripts/bench is made of: servers, rows, the alternating run, the gate and the report."""
