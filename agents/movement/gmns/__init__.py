"""Networks and trips in GMNS tables (General Modeling Network Specification 0.96), as arrays for movement."""
