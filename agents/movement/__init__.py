"""Physics of walkers and cars on Roads: departures in, arrivals out; decides nothing."""
