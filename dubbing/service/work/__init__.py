"""What is done next, by whom, and for how long: plans, tasks, leases, workers, and the sweeper after them."""
