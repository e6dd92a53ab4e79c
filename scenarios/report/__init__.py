"""The report of a run: one offline HTML file in two languages, for whoever plans the town's response."""
