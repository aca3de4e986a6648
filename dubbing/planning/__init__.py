"""What is made: from an order to the graph of a job."""
