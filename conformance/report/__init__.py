"""What a run leaves behind: results, reports for people and machines, and the bundle that holds them all."""
