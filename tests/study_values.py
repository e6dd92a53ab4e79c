"""A study file to spoil, small enough to run."""

GOOD = """\
name = "small"
title_ja = "小さな検討"
title_en = "A small study"
scenarios = ["drill"]
seeds = 2
[set]
people = 60
duration_h = 0.5
behaviour.leaving.damaged_share = 0.9
[[plan]]
name = "first"
title_ja = "いまのまま"
title_en = "As it is"
[[plan]]
name = "more"
title_ja = "あと二つ"
title_en = "Two more"
drop = [{ kind = "open_shelter", at = "0:02" }, { kind = "end_disaster" }]
[[plan.event]]
at = "0:05"
kind = "open_shelter"
shelters = "general"
districts = ["04"]
more = 2
[[parameter_set]]
name = "slow"
behaviour.preparing.earthquake_mean_s = 3600
[[metric]]
name = "arrived"
by = { district = "04" }
[[metric]]
name = "t90_s"
[screening]
trajectories = 2
levels = 4
[[screening.parameter]]
key = "leaving.damaged_share"
[[screening.parameter]]
key = "preparing.earthquake_mean_s"
low = 600
high = 3600
"""
