"""The contract as a vendor and a municipality get it: one folder of files, and one page to read."""
