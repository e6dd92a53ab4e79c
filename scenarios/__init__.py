"""Questions and answers: puts the rooms together, counts and reports."""
